//! MCP servers that a request tells the provider to reach, and the toolsets that are theirs.

use model::ProviderToolKind::RemoteMcp;

use super::tools::TOOLSET;
use crate::json::Value;
use crate::read::fields::{Fields, Objection, array, each_object, member_of};
use crate::read::finds::Finds;
use crate::read::form::{Form, Shape, object, plain};
use crate::read::{server, walk};

const SERVERS: &str = "mcp_servers";

pub(in crate::read) static SERVER: Form = Form::of(&[&[
    plain("type"),
    plain("name"),
    plain("url"),
    plain("authorization_token"),
    object("tool_configuration", &TOOL_CONFIGURATION),
]]);

static TOOL_CONFIGURATION: Form = Form::of(&[&[plain("allowed_tools"), plain("enabled")]]);

/// Servers by the names that the request gives them.
type Named<'t> = Vec<(Option<Value<'t>>, Option<String>)>;

/// Notes each server, and each toolset with the host of its server.
///
/// # Errors
/// A server is of the wrong form, or there are too many.
pub(super) fn check(fields: &Fields<'_>, finds: &mut Finds) -> Result<(), Objection> {
    let mut named = Named::new();
    if let Some(servers) = fields.optional(SERVERS) {
        let servers = array(SERVERS, servers)?;
        let path = walk::Path::ROOT.inside(SERVERS);
        each_object(SERVERS, servers, |one| {
            let host = server::of(one, "url", &[])?;
            finds.tool(RemoteMcp, SERVERS, host.clone())?;
            named.push((member_of(one, "name")?, host));
            walk::value(one, Shape::Object(&SERVER), &path, finds)
        })?;
    }
    // Their form was looked at before.
    let Some(tools) = fields.optional("tools") else { return Ok(()) };
    each_object("tools", tools, |tool| {
        let kind = member_of(tool, "type")?.and_then(Value::string);
        match kind.filter(|kind| TOOLSET.is_called(kind)) {
            None => Ok(()),
            Some(kind) => {
                let name = member_of(tool, "mcp_server_name")?;
                finds.tool(RemoteMcp, &kind, host_of(&named, name))
            }
        }
    })
}

/// The host of the one server that is called `name`; none where there is no such one.
fn host_of(named: &Named<'_>, name: Option<Value<'_>>) -> Option<String> {
    let name = name?.string()?;
    let mut servers = named
        .iter()
        .filter(|(one, _)| one.and_then(Value::string).is_some_and(|one| one == name))
        .map(|(_, host)| host);
    match (servers.next(), servers.next()) {
        (Some(host), None) => host.clone(),
        _ => None,
    }
}
