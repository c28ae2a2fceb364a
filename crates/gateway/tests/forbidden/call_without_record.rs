//! Nothing is sent to a provider on the strength of a permit that is not recorded.

fn main() {}

async fn send(
    upstream: &gateway::Upstream,
    permit: &policy::Permit,
    to: &gateway::Upstreams,
    outbound: gateway::Outbound,
) {
    let _ = upstream.send(permit, to, None, outbound).await;
}
