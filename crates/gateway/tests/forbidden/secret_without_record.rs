//! No secret is lent on the strength of a permit that is not recorded.

fn main() {}

fn lend(store: &secrets::SecretStore, permit: &policy::Permit) {
    let _ = store.lease(permit, 0);
}
