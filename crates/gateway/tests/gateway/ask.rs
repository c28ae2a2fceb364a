//! One request to the gate, as a vendor's library would send it, unless a test changes it.

use model::Dialect;
use serde_json::{Value, json};
use testkit::{Canary, Connection, Reply};

use crate::charter_files::AGENT;
use crate::world::World;

/// Every wire form.
pub(crate) const DIALECTS: [Dialect; 3] = Dialect::ALL;

/// A request under construction.
#[derive(Clone)]
pub(crate) struct Ask<'w> {
    world: &'w World,
    dialect: Dialect,
    method: &'static str,
    /// Where it goes, where not to the dialect's main endpoint.
    path: Option<String>,
    /// What Gemini's clients say in the path, and others in the body.
    model: String,
    stream: bool,
    token: Option<String>,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl World {
    /// A good request for the model `fast`, by an agent that may use it.
    pub(crate) fn ask(&self, dialect: Dialect) -> Ask<'_> {
        Ask {
            world: self,
            dialect,
            method: "POST",
            path: None,
            model: "fast".to_owned(),
            stream: false,
            token: Some(self.token(AGENT)),
            headers: Vec::new(),
            body: body(dialect, "fast").to_string().into_bytes(),
        }
    }

    /// A request for the list of models.
    pub(crate) fn ask_list(&self, dialect: Dialect) -> Ask<'_> {
        let path = match dialect {
            Dialect::OpenAi | Dialect::Anthropic => "/v1/models",
            Dialect::Gemini => "/v1beta/models",
        };
        self.ask(dialect).method("GET").path(path).body("")
    }
}

/// A good body for `model`.
pub(crate) fn body(dialect: Dialect, model: &str) -> Value {
    let messages = json!([{"role": "user", "content": Canary::Prompt.value()}]);
    match dialect {
        Dialect::OpenAi => json!({"model": model, "messages": messages}),
        Dialect::Anthropic => json!({"model": model, "messages": messages, "max_tokens": 64}),
        // Its model stands in the path.
        Dialect::Gemini => {
            json!({"contents": [{"role": "user", "parts": [{"text": Canary::Prompt.value()}]}]})
        }
    }
}

impl Ask<'_> {
    pub(crate) const fn dialect(&self) -> Dialect {
        self.dialect
    }

    pub(crate) fn model(mut self, model: &str) -> Self {
        model.clone_into(&mut self.model);
        match self.dialect {
            Dialect::OpenAi | Dialect::Anthropic => self.field("model", json!(model)),
            Dialect::Gemini => self,
        }
    }

    pub(crate) fn stream(self) -> Self {
        self.streamed(true)
    }

    pub(crate) fn streamed(mut self, stream: bool) -> Self {
        self.stream = stream;
        match self.dialect {
            Dialect::OpenAi | Dialect::Anthropic => self.field("stream", json!(stream)),
            Dialect::Gemini => self,
        }
    }

    /// Sets one field of the body.
    pub(crate) fn field(mut self, name: &str, value: Value) -> Self {
        let mut body: Value = serde_json::from_slice(&self.body).unwrap();
        body[name] = value;
        self.body = body.to_string().into_bytes();
        self
    }

    pub(crate) fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    pub(crate) fn body_text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn method(mut self, method: &'static str) -> Self {
        self.method = method;
        self
    }

    pub(crate) fn path(mut self, path: &str) -> Self {
        self.path = Some(path.to_owned());
        self
    }

    /// Where it goes.
    fn target(&self) -> String {
        let own = || match (self.dialect, self.stream) {
            (Dialect::OpenAi, _) => "/v1/chat/completions".to_owned(),
            (Dialect::Anthropic, _) => "/v1/messages".to_owned(),
            (Dialect::Gemini, false) => format!("/v1beta/models/{}:generateContent", self.model),
            (Dialect::Gemini, true) => {
                format!("/v1beta/models/{}:streamGenerateContent?alt=sse", self.model)
            }
        };
        self.path.clone().unwrap_or_else(own)
    }

    pub(crate) fn token(mut self, token: String) -> Self {
        self.token = Some(token);
        self
    }

    pub(crate) fn no_token(mut self) -> Self {
        self.token = None;
        self
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sends it on a connection of its own; nothing is read yet.
    pub(crate) fn open(&self) -> Connection {
        let mut connection = Connection::tcp(self.world.address);
        self.send_on(&mut connection);
        connection
    }

    /// Sends it on `connection`.
    pub(crate) fn send_on(&self, connection: &mut Connection) {
        let headers = self.all_headers();
        let headers: Vec<_> =
            headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        connection.request(self.method, &self.target(), &headers, &self.body);
    }

    /// Sends it and reads the whole answer.
    pub(crate) fn send(&self) -> Reply {
        self.open().reply().expect("a complete answer")
    }

    /// The headers as they are sent, but for those that the client adds by itself.
    pub(crate) fn all_headers(&self) -> Vec<(String, String)> {
        let named = |name: &str| self.headers.iter().any(|(given, _)| given == name);
        let mut headers = self.headers.clone();
        match (self.dialect, &self.token) {
            (_, None) => {}
            (Dialect::OpenAi, Some(token)) => {
                headers.push(("authorization".to_owned(), format!("Bearer {token}")));
            }
            (Dialect::Anthropic, Some(token)) => {
                headers.push(("x-api-key".to_owned(), token.clone()));
            }
            (Dialect::Gemini, Some(token)) => {
                headers.push(("x-goog-api-key".to_owned(), token.clone()));
            }
        }
        if self.dialect == Dialect::Anthropic && !named("anthropic-version") {
            headers.push(("anthropic-version".to_owned(), "2023-06-01".to_owned()));
        }
        headers
    }

    /// The whole request as bytes, for tests that alter them.
    pub(crate) fn raw(&self) -> String {
        let mut text = format!("{} {} HTTP/1.1\r\nhost: gate\r\n", self.method, self.target());
        for (name, value) in self.all_headers() {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text.push_str("content-type: application/json\r\n");
        let body = String::from_utf8(self.body.clone()).unwrap();
        text.push_str(&format!("content-length: {}\r\n\r\n{body}", body.len()));
        text
    }
}
