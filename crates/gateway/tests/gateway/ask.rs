//! One request to the gate, as a vendor's library would send it, unless a test changes it.

use model::Dialect;
use serde_json::{Value, json};
use testkit::{Canary, Connection, Reply};

use crate::charter_files::AGENT;
use crate::world::World;

/// Both wire forms.
pub(crate) const DIALECTS: [Dialect; 2] = [Dialect::OpenAi, Dialect::Anthropic];

/// A request under construction.
#[derive(Clone)]
pub(crate) struct Ask<'w> {
    world: &'w World,
    dialect: Dialect,
    method: &'static str,
    path: String,
    token: Option<String>,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl World {
    /// A good request for the model `fast`, by an agent that may use it.
    pub(crate) fn ask(&self, dialect: Dialect) -> Ask<'_> {
        let path = match dialect {
            Dialect::OpenAi => "/v1/chat/completions",
            Dialect::Anthropic => "/v1/messages",
        };
        Ask {
            world: self,
            dialect,
            method: "POST",
            path: path.to_owned(),
            token: Some(self.token(AGENT)),
            headers: Vec::new(),
            body: body(dialect, "fast").to_string().into_bytes(),
        }
    }
}

/// A good body for `model`.
pub(crate) fn body(dialect: Dialect, model: &str) -> Value {
    let messages = json!([{"role": "user", "content": Canary::Prompt.value()}]);
    match dialect {
        Dialect::OpenAi => json!({"model": model, "messages": messages}),
        Dialect::Anthropic => json!({"model": model, "messages": messages, "max_tokens": 64}),
    }
}

impl Ask<'_> {
    pub(crate) fn model(self, model: &str) -> Self {
        self.field("model", json!(model))
    }

    pub(crate) fn stream(self) -> Self {
        self.field("stream", json!(true))
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

    pub(crate) fn method(mut self, method: &'static str) -> Self {
        self.method = method;
        self
    }

    pub(crate) fn path(mut self, path: &str) -> Self {
        path.clone_into(&mut self.path);
        self
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
        connection.request(self.method, &self.path, &headers, &self.body);
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
        }
        if self.dialect == Dialect::Anthropic && !named("anthropic-version") {
            headers.push(("anthropic-version".to_owned(), "2023-06-01".to_owned()));
        }
        headers
    }

    /// The whole request as bytes, for tests that alter them.
    pub(crate) fn raw(&self) -> String {
        let mut text = format!("{} {} HTTP/1.1\r\nhost: gate\r\n", self.method, self.path);
        for (name, value) in self.all_headers() {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text.push_str("content-type: application/json\r\n");
        let body = String::from_utf8(self.body.clone()).unwrap();
        text.push_str(&format!("content-length: {}\r\n\r\n{body}", body.len()));
        text
    }
}
