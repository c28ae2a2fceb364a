//! Every code of the catalogue is met: one row each says how, and each row is one test in the
//! dialects named. The last test holds the rows against the catalogue.

use std::time::Duration;

use gateway::Bounds;
use model::Dialect::{self, Anthropic, Gemini, OpenAi};
use model::{RefusalCode, Stage};
use serde_json::json;
use testkit::{Connection, Gate, Reply, Script};

use crate::ask::{DIALECTS, body};
use crate::budgets::{gateway_wide, put, replace};
use crate::charter_files::{AGENT, BODY_BYTES_MAX, grant};
use crate::check;
use crate::world::{Setup, World};

/// One row for each code: its name as a test, and how a request meets it.
macro_rules! refusals {
    ($($name:ident $code:ident in $dialects:expr => $meet:expr;)*) => {
        const MET: &[RefusalCode] = &[$(RefusalCode::$code),*];

        $(#[test]
        fn $name() {
            meet(RefusalCode::$code, &$dialects, $meet);
        })*
    };
}

refusals! {
    credential_missing CredentialMissing in DIALECTS => |world, dialect| {
        world.ask(dialect).no_token().send()
    };
    credential_ambiguous CredentialAmbiguous in DIALECTS => |world, dialect| {
        let other = format!("Bearer {}", world.token("other"));
        world.ask(dialect).header("authorization", &other).header("x-api-key", "another").send()
    };
    credential_malformed CredentialMalformed in DIALECTS => |world, dialect| {
        world.ask(dialect).token("sk-a-vendors-own-key".to_owned()).send()
    };
    credential_forged CredentialForged in DIALECTS => |world, dialect| {
        world.ask(dialect).token(world.forged_token(AGENT)).send()
    };
    credential_expired CredentialExpired in DIALECTS => |world, dialect| {
        world.ask(dialect).token(world.token_at(AGENT, 1, 300)).send()
    };
    credential_not_yet_valid CredentialNotYetValid in DIALECTS => |world, dialect| {
        world.ask(dialect).token(world.token_at(AGENT, 1, -6)).send()
    };
    credential_wrong_audience CredentialWrongAudience in DIALECTS => |world, dialect| {
        world.ask(dialect).token(world.token_for_another_gateway(AGENT)).send()
    };
    credential_revoked CredentialRevoked in DIALECTS => |world, dialect| {
        world.ask(dialect).token(world.token_at("renewed", 1, 0)).send()
    };
    agent_unknown AgentUnknown in DIALECTS => |world, dialect| {
        world.ask(dialect).token(world.token("nobody")).send()
    };
    agent_suspended AgentSuspended in DIALECTS => |world, dialect| {
        world.ask(dialect).token(world.token("resting")).send()
    };
    agent_environment_unserved AgentEnvironmentUnserved in DIALECTS => |world, dialect| {
        world.ask(dialect).token(world.token("productive")).send()
    };
    path_unknown PathUnknown in DIALECTS => |world, dialect| {
        let path = match dialect {
            OpenAi => "/v1/files",
            Anthropic => "/anthropic/v1/files",
            Gemini => "/v1beta/files",
        };
        world.ask(dialect).path(path).send()
    };
    method_refused MethodRefused in DIALECTS => |world, dialect| {
        world.ask(dialect).method("PUT").send()
    };
    content_encoding_refused ContentEncodingRefused in DIALECTS => |world, dialect| {
        world.ask(dialect).header("content-encoding", "gzip").send()
    };
    content_type_refused ContentTypeRefused in DIALECTS => |world, dialect| {
        world.ask(dialect).header("content-type", "text/plain").send()
    };
    version_refused VersionRefused in [Anthropic] => |world, dialect| {
        world.ask(dialect).header("anthropic-version", "2020-01-01").send()
    };
    body_too_large BodyTooLarge in DIALECTS => |world, dialect| {
        // One byte more than the bound.
        world.ask(dialect).body(vec![b' '; BODY_BYTES_MAX + 1]).send()
    };
    body_timeout BodyTimeout in DIALECTS => |world, dialect| {
        let whole = world.ask(dialect).raw();
        let mut connection = Connection::tcp(world.address);
        connection.send_raw(&whole.as_bytes()[..whole.len() - 1]);
        connection.reply().unwrap()
    };
    body_truncated BodyTruncated in DIALECTS => |world, dialect| {
        let text = body(dialect, "fast").to_string();
        world.ask(dialect).body(&text.as_bytes()[..text.len() - 1]).send()
    };
    body_not_json BodyNotJson in DIALECTS => |world, dialect| {
        world.ask(dialect).body("[]").send()
    };
    body_not_utf8 BodyNotUtf8 in DIALECTS => |world, dialect| {
        world.ask(dialect).body(b"{\"model\":\"fast\xff\"}".as_slice()).send()
    };
    body_has_bom BodyHasBom in DIALECTS => |world, dialect| {
        world.ask(dialect).body(format!("\u{feff}{}", body(dialect, "fast"))).send()
    };
    body_duplicate_key BodyDuplicateKey in DIALECTS => |world, dialect| {
        let text = body(dialect, "fast").to_string();
        let twice = match dialect {
            OpenAi | Anthropic => "{\"m\\u006fdel\":\"hidden\",",
            Gemini => "{\"c\\u006fntents\":[],",
        };
        world.ask(dialect).body(text.replacen('{', twice, 1)).send()
    };
    body_too_deep BodyTooDeep in DIALECTS => |world, dialect| {
        let deep = format!("{}{}", "[".repeat(64), "]".repeat(64));
        let text = body(dialect, "fast").to_string();
        world.ask(dialect).body(text.replacen('{', &format!("{{\"x\":{deep},"), 1)).send()
    };
    field_missing FieldMissing in DIALECTS => |world, dialect| {
        let body = if dialect == Gemini { "{}" } else { "{\"model\":\"fast\"}" };
        world.ask(dialect).body(body).send()
    };
    field_invalid FieldInvalid in DIALECTS => |world, dialect| {
        match dialect {
            OpenAi | Anthropic => world.ask(dialect).field("stream", json!("yes")).send(),
            // Streams are events, and the query has to say so.
            Gemini => world.ask(dialect).path("/v1beta/models/fast:streamGenerateContent").send(),
        }
    };
    tool_unknown ToolUnknown in DIALECTS => |world, dialect| {
        let tool = match dialect {
            OpenAi | Anthropic => json!({"type": "tomorrow_20270101", "name": "tomorrow"}),
            Gemini => json!({"tomorrow": {}}),
        };
        world.ask(dialect).field("tools", json!([tool])).send()
    };
    background_refused BackgroundRefused in [OpenAi] => |world, dialect| {
        let body = json!({"model": "fast", "input": "x", "store": false, "background": true});
        world.ask(dialect).path("/v1/responses").body(body.to_string()).send()
    };
    stored_object_refused StoredObjectRefused in DIALECTS => |world, dialect| {
        match dialect {
            OpenAi => world.ask(dialect).field("previous_response_id", json!("resp_1")).send(),
            Anthropic => world.ask(dialect).field("container", json!("container_1")).send(),
            Gemini => world.ask(dialect).field("cachedContent", json!("cachedContents/1")).send(),
        }
    };
    model_unknown ModelUnknown in DIALECTS => |world, dialect| {
        world.ask(dialect).model("no-such-model").send()
    };
    policy_forbids PolicyForbids in DIALECTS => |world, dialect| {
        world.ask(dialect).model("guarded").send()
    };
    policy_no_permit PolicyNoPermit in DIALECTS => |world, dialect| {
        world.ask(dialect).model("whole-only").stream().send()
    };
    policy_error PolicyError in DIALECTS => |world, dialect| {
        world.ask(dialect).model("overflowing").send()
    };
    provider_tool_refused ProviderToolRefused in DIALECTS => |world, dialect| {
        let tool = match dialect {
            OpenAi => json!({"type": "web_search"}),
            Anthropic => json!({"type": "web_search_20250305", "name": "web_search"}),
            Gemini => json!({"googleSearch": {}}),
        };
        world.ask(dialect).field("tools", json!([tool])).send()
    };
    remote_mcp_refused RemoteMcpRefused in DIALECTS => |world, dialect| {
        let server = "https://tools.test/mcp";
        match dialect {
            OpenAi => {
                let tool = json!({"type": "mcp", "server_label": "x", "server_url": server});
                world.ask(dialect).field("tools", json!([tool])).send()
            }
            Anthropic => {
                let servers = json!([{"type": "url", "url": server, "name": "x"}]);
                let ask = world.ask(dialect).header("anthropic-beta", "mcp-client-2025-11-20");
                ask.field("mcp_servers", servers).send()
            }
            Gemini => {
                let transport = json!({"url": server});
                let tool = json!({"mcpServers": [
                    {"name": "x", "streamableHttpTransport": transport}]});
                world.ask(dialect).field("tools", json!([tool])).send()
            }
        }
    };
    storage_refused StorageRefused in [OpenAi] => |world, dialect| {
        let body = json!({"model": "fast", "input": "x"}).to_string();
        world.ask(dialect).path("/v1/responses").body(body).send()
    };
    unrecognised_refused UnrecognisedRefused in DIALECTS => |world, dialect| {
        world.ask(dialect).field("tomorrow", json!(1)).send()
    };
    dialect_mismatch DialectMismatch in DIALECTS => |world, dialect| {
        let model = match dialect {
            OpenAi => "anthropic-only",
            Anthropic => "gemini-only",
            Gemini => "openai-only",
        };
        world.ask(dialect).model(model).send()
    };
    context_required ContextRequired in DIALECTS => |world, dialect| {
        world.ask(dialect).send()
    };
    context_unknown ContextUnknown in DIALECTS => |world, dialect| {
        world.ask(dialect).header("portreeve-context", "nobodys").send()
    };
    context_unfit ContextUnfit in DIALECTS => |world, dialect| {
        world.ask(dialect).header("portreeve-context", "support").send()
    };
    context_bound ContextBound in DIALECTS => |world, dialect| {
        world.ask(dialect).token(world.token_in("dev", "support")).send()
    };
    budget_unbounded BudgetUnbounded in DIALECTS => |world, dialect| {
        world.ask(dialect).field("tomorrow", json!(1)).send()
    };
    budget_unpriced BudgetUnpriced in DIALECTS => |world, dialect| {
        world.ask(dialect).send()
    };
    budget_too_small BudgetTooSmall in DIALECTS => |world, dialect| {
        world.ask(dialect).send()
    };
    budget_paused BudgetPaused in DIALECTS => |world, dialect| {
        world.ask(dialect).send();
        world.ask(dialect).send()
    };
    budget_exhausted BudgetExhausted in DIALECTS => |world, dialect| {
        world.ask(dialect).send();
        world.ask(dialect).send()
    };
    no_target NoTarget in DIALECTS => |world, dialect| {
        world.ask(dialect).model("routed").send()
    };
    secret_missing SecretMissing in DIALECTS => |world, dialect| {
        world.ask(dialect).model("keyless").send()
    };
    secret_expired SecretExpired in DIALECTS => |world, dialect| {
        world.clock.advance_ms(91 * 86_400_000);
        world.ask(dialect).send()
    };
    log_unavailable LogUnavailable in DIALECTS => |world, dialect| {
        world.faults.fail(ledger::Step::WalAppend, ledger::When::Before, u32::MAX);
        let reply = world.ask(dialect).send();
        world.faults.clear();
        reply
    };
    overloaded Overloaded in DIALECTS => |world, dialect| {
        let gate = Gate::new();
        world.provider.next(Script::SlowByGate(gate.clone()));
        let mut held = world.ask(dialect).stream().open();
        gate.wait_arrived(1);
        let reply = world.ask(dialect).send();
        gate.open();
        assert_eq!(held.reply().unwrap().status, 200, "who came first is served");
        reply
    };
    draining Draining in DIALECTS => |world, dialect| {
        world.gate.drain();
        world.ask(dialect).send()
    };
    secret_unreadable SecretUnreadable in DIALECTS => |world, dialect| {
        world.ask(dialect).model("damaged").send()
    };
    targets_set_aside TargetsSetAside in DIALECTS => |world, dialect| {
        for _ in 0..3 {
            world.provider.next(Script::DropBeforeHeaders);
            assert_eq!(world.ask(dialect).send().status, 502);
        }
        let reply = world.ask(dialect).send();
        assert_eq!(reply.header("retry-after"), Some("1"));
        reply
    };
    targets_busy TargetsBusy in DIALECTS => |world, dialect| {
        let gate = Gate::new();
        world.provider.next(Script::SlowByGate(gate.clone()));
        let mut held = world.ask(dialect).model("routed").stream().open();
        gate.wait_arrived(1);
        let reply = world.ask(dialect).model("routed").send();
        gate.open();
        assert_eq!(held.reply().unwrap().status, 200, "who came first is served");
        reply
    };
    budget_cut BudgetCut in DIALECTS => |world, dialect| {
        world.provider.next(Script::EndlessStream);
        world.ask(dialect).stream().send()
    };
    upstream_connect UpstreamConnect in DIALECTS => |world, dialect| {
        world.ask(dialect).model("unreachable").send()
    };
    upstream_timeout UpstreamTimeout in DIALECTS => |world, dialect| {
        world.provider.next(Script::HangBeforeHeaders);
        world.ask(dialect).model("hasty").send()
    };
    upstream_dropped UpstreamDropped in DIALECTS => |world, dialect| {
        world.provider.next(Script::DropBeforeHeaders);
        world.ask(dialect).send()
    };
    upstream_redirect UpstreamRedirect in DIALECTS => |world, dialect| {
        world.provider.next(Script::Redirect);
        world.ask(dialect).send()
    };
    upstream_credential UpstreamCredential in DIALECTS => |world, dialect| {
        world.provider.expect_key("another key");
        world.ask(dialect).send()
    };
    upstream_echoed_secret UpstreamEchoedSecret in DIALECTS => |world, dialect| {
        world.provider.next(Script::EchoHeaders);
        world.ask(dialect).send()
    };
    upstream_not_json UpstreamNotJson in DIALECTS => |world, dialect| {
        world.provider.next(Script::Html);
        world.ask(dialect).send()
    };
    upstream_too_large UpstreamTooLarge in DIALECTS => |world, dialect| {
        world.provider.next(Script::EndlessBody);
        world.ask(dialect).send()
    };
}

/// Meets `code` once in each dialect.
#[track_caller]
fn meet(code: RefusalCode, dialects: &[Dialect], how: impl Fn(&World, Dialect) -> Reply) {
    let world = World::with(setup_for(code));
    for dialect in dialects {
        let reply = how(&world, *dialect);
        if code == RefusalCode::BudgetCut {
            // The answer has begun: the client is told inside it.
            check::last_event(*dialect, &reply.text(), code);
            assert_eq!(check::outcome(&world, &reply)["ended"], "budget_cut");
        } else {
            check::refused(&world, *dialect, &reply, code);
        }
    }
    let others_pass =
        [RefusalCode::Overloaded, RefusalCode::BudgetPaused, RefusalCode::BudgetExhausted];
    if code.stage() != Stage::Forward && !others_pass.contains(&code) {
        world.provider.assert_untouched();
    }
    let ended = world.end();
    assert_eq!(ended.report.unpaired, Vec::<u64>::new());
    if check::is_unproved(code) {
        assert_eq!(ended.counts(), json!({ (code.as_str()): dialects.len() }));
    }
}

/// Small bounds, or a model served otherwise, where the code is about that.
fn setup_for(code: RefusalCode) -> Setup {
    if code == RefusalCode::StoredObjectRefused {
        return Setup::default().edited(grant);
    }
    if code == RefusalCode::NoTarget {
        return Setup::routed(&[("fake", "when: {environments: [staging]}")], "");
    }
    if code == RefusalCode::TargetsBusy {
        return Setup::routed(&[("fake", "concurrency_max: 1")], "");
    }
    if let Some((_, limit)) = LIMITS.iter().find(|(about, _)| *about == code) {
        return Setup::default().edited(move |files| {
            put(files, &[gateway_wide(&[*limit])]);
            grant(files);
        });
    }
    if matches!(code, RefusalCode::ContextRequired | RefusalCode::ContextUnfit) {
        return Setup::default().edited(move |files| {
            files.insert("contexts/support.yaml".to_owned(), SUPPORT.to_owned());
            files.insert("contexts/sales.yaml".to_owned(), SUPPORT.replace("support", "sales"));
            replace(files, "agents/dev.yaml", "status:", "context_required: true\nstatus:");
        });
    }
    let mut bounds = Bounds::default();
    if code == RefusalCode::BodyTimeout {
        bounds.body_within = Duration::from_millis(200);
    }
    if code == RefusalCode::Overloaded {
        bounds.requests_max = 1;
    }
    Setup { bounds, ..Setup::default() }
}

/// An approved context that does not cover what these tests call.
const SUPPORT: &str = "name: support\npurpose: A test.\napprover: policy-lead\n\
    data_class: public\nmodels: [routed]\nagents: [dev]\n";

/// The one limit there is, where the code is about a budget.
const LIMITS: [(RefusalCode, (&str, &str, &str)); 6] = [
    (RefusalCode::BudgetUnbounded, ("tokens", "day", "100000000")),
    (RefusalCode::BudgetUnpriced, ("money", "day", "100")),
    (RefusalCode::BudgetTooSmall, ("tokens", "day", "10")),
    (RefusalCode::BudgetPaused, ("requests", "minute", "1")),
    (RefusalCode::BudgetExhausted, ("requests", "day", "1")),
    (RefusalCode::BudgetCut, ("tokens", "day", "100000000")),
];

#[test]
fn every_code_of_the_catalogue_is_met() {
    assert_eq!(MET, RefusalCode::ALL);
}

#[test]
fn a_secret_that_no_policy_lends_is_a_refusal_that_names_no_secret() {
    for dialect in DIALECTS {
        let world = World::start();
        let reply = world.ask(dialect).model("locked").send();
        check::refused(&world, dialect, &reply, RefusalCode::PolicyNoPermit);
        assert!(!reply.text().contains("locked-key"), "{}", reply.text());
        world.provider.assert_untouched();
    }
}

#[test]
fn a_body_of_exactly_the_largest_size_passes() {
    for dialect in DIALECTS {
        let world = World::start();
        let mut text = body(dialect, "fast").to_string();
        text.push_str(&" ".repeat(BODY_BYTES_MAX - text.len()));
        check::forwarded(&world, &world.ask(dialect).body(text).send());
    }
}
