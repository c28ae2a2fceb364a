//! A signing desk for tests: persons with keys, acts, and signatures of every shape.

use approval::{
    Act, GatewayName, Keyring, NAMESPACE, Nonce, Object, PersonKey, SignedAct, Stamp, Verb,
};
use base64::Engine as _;
use ed25519_dalek::{Signer as _, SigningKey};
use model::{Digest, PersonName, Timestamp};
use sha2::Digest as _;
use ssh_key::public::{Ed25519PublicKey, KeyData, SkEd25519};
use ssh_key::{HashAlg, PublicKey, SshSig};
use zeroize::Zeroizing;

/// When the tests' acts are signed, in milliseconds.
pub(crate) const SIGNED_MILLIS: i64 = 1_795_510_800_000;
/// The gateway they are for.
pub(crate) const GATEWAY: &str = "gateway.acme.test";

/// The key of the person whose seed is `seed` repeated.
pub(crate) fn key(seed: u8) -> PersonKey {
    PersonKey::generate(&Zeroizing::new([seed; 32]), "a test").unwrap()
}

/// Ann with seed 1, Ben with seeds 2 and 3, Cat with the security key of seed 4.
pub(crate) fn keyring() -> Keyring {
    let lines = [
        (person("ann"), key(1).public_line().unwrap()),
        (person("ben"), key(2).public_line().unwrap()),
        (person("ben"), key(3).public_line().unwrap()),
        (person("cat"), SecurityKey::new(4).public_line()),
    ];
    Keyring::from_lines(lines.iter().map(|(who, line)| (who.clone(), line.as_str()))).unwrap()
}

pub(crate) fn person(name: &str) -> PersonName {
    name.parse().unwrap()
}

pub(crate) fn gateway() -> GatewayName {
    GATEWAY.parse().unwrap()
}

pub(crate) fn signed_at() -> Timestamp {
    Timestamp::from_millis(SIGNED_MILLIS)
}

pub(crate) fn stamp(actor: &str) -> Stamp {
    Stamp {
        actor: person(actor),
        gateway: gateway(),
        nonce: Nonce::new(*b"sixteen bytes ok"),
        time: signed_at(),
    }
}

/// The charter of the tests' acts.
pub(crate) fn charter() -> Digest {
    Digest::of(b"a charter")
}

/// `actor` applies [`charter`].
pub(crate) fn apply(actor: &str) -> Act {
    Act::new(Verb::CharterApply, Object::Charter(charter()), stamp(actor)).unwrap()
}

/// The parts of an SSHSIG, to be armoured as they are.
pub(crate) struct Parts<'a> {
    pub(crate) version: u32,
    pub(crate) namespace: &'a str,
    pub(crate) reserved: &'a [u8],
    pub(crate) hash: &'a str,
}

impl Default for Parts<'_> {
    fn default() -> Self {
        Self { version: 1, namespace: NAMESPACE, reserved: b"", hash: "sha512" }
    }
}

impl Parts<'_> {
    /// `act` signed by the Ed25519 key of `seed` under exactly these parts.
    pub(crate) fn sign(&self, act: Act, seed: u8) -> SignedAct {
        let message = act.canonical_bytes();
        let digest = match self.hash {
            "sha256" => sha2::Sha256::digest(&message).to_vec(),
            _ => sha2::Sha512::digest(&message).to_vec(),
        };
        let mut to_sign = b"SSHSIG".to_vec();
        let fields = [self.namespace.as_bytes(), self.reserved, self.hash.as_bytes(), &digest];
        fields.iter().for_each(|field| push(&mut to_sign, field));
        let key = SigningKey::from_bytes(&[seed; 32]);
        let signature = key.sign(&to_sign).to_bytes();

        let mut blob = b"SSHSIG".to_vec();
        blob.extend(self.version.to_be_bytes());
        push(&mut blob, &strings(&[b"ssh-ed25519", key.verifying_key().as_bytes()]));
        push(&mut blob, self.namespace.as_bytes());
        push(&mut blob, self.reserved);
        push(&mut blob, self.hash.as_bytes());
        push(&mut blob, &strings(&[b"ssh-ed25519", &signature]));
        SignedAct::with_signature(act, armour(&blob))
    }
}

fn strings(fields: &[&[u8]]) -> Vec<u8> {
    let mut bytes = Vec::new();
    fields.iter().for_each(|field| push(&mut bytes, field));
    bytes
}

fn push(bytes: &mut Vec<u8>, field: &[u8]) {
    bytes.extend(u32::try_from(field.len()).unwrap().to_be_bytes());
    bytes.extend(field);
}

/// The armour `ssh-keygen` writes: base64 in lines of 70.
pub(crate) fn armour(blob: &[u8]) -> String {
    let body = base64::engine::general_purpose::STANDARD.encode(blob);
    let lines: Vec<&str> =
        body.as_bytes().chunks(70).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN SSH SIGNATURE-----\n{}\n-----END SSH SIGNATURE-----\n", lines.join("\n"))
}

/// An Ed25519 key on a pretended security key (PROTOCOL.u2f).
pub(crate) struct SecurityKey {
    key: SigningKey,
    application: &'static str,
}

impl SecurityKey {
    pub(crate) fn new(seed: u8) -> Self {
        Self { key: SigningKey::from_bytes(&[seed; 32]), application: "ssh:" }
    }

    pub(crate) fn for_application(self, application: &'static str) -> Self {
        Self { application, ..self }
    }

    fn data(&self) -> KeyData {
        let point = Ed25519PublicKey(self.key.verifying_key().to_bytes());
        KeyData::SkEd25519(SkEd25519::new(point, self.application))
    }

    pub(crate) fn public_line(&self) -> String {
        PublicKey::new(self.data(), "a device").to_openssh().unwrap()
    }

    /// `act` signed under `flags` (1: touched) and a counter.
    pub(crate) fn sign(&self, act: Act, flags: u8, counter: u32) -> SignedAct {
        self.sign_claiming(act, flags, flags, counter)
    }

    /// The same, but the signature claims other flags than the device signed.
    pub(crate) fn sign_claiming(
        &self,
        act: Act,
        flags: u8,
        claimed: u8,
        counter: u32,
    ) -> SignedAct {
        let message =
            SshSig::signed_data(NAMESPACE, HashAlg::Sha512, &act.canonical_bytes()).unwrap();
        let mut to_sign = sha2::Sha256::digest(self.application).to_vec();
        to_sign.push(flags);
        to_sign.extend(counter.to_be_bytes());
        to_sign.extend(sha2::Sha256::digest(message));

        let kind = b"sk-ssh-ed25519@openssh.com";
        let mut signature = strings(&[kind, &self.key.sign(&to_sign).to_bytes()]);
        signature.push(claimed);
        signature.extend(counter.to_be_bytes());
        let point = self.key.verifying_key().to_bytes();
        let mut blob = b"SSHSIG".to_vec();
        blob.extend(1_u32.to_be_bytes());
        push(&mut blob, &strings(&[kind, &point, self.application.as_bytes()]));
        push(&mut blob, NAMESPACE.as_bytes());
        push(&mut blob, b"");
        push(&mut blob, b"sha512");
        push(&mut blob, &signature);
        SignedAct::with_signature(act, armour(&blob))
    }
}
