//! Receipts: the log's signed promise that an entry stands at an index, given before the
//! checkpoint that proves it. One signature covers a commit batch (`spec/tlog.md`, Receipts).
//! A receipt is a promise, not a proof: whether it was kept is for the log to show.

use crate::key::{LogKey, LogVerifier};
use crate::origin::Origin;
use crate::prove::{ProofError, inclusion_proof, inclusion_root};
use crate::text::{base64, base64url, decimal, from_base64url};
use crate::tree::{Hash, node_hash};

/// Most entries under one signature; a longer batch is signed in pieces.
pub const BATCH_MAX: u32 = 65_536;
/// Longest text of a receipt, in bytes.
pub const RECEIPT_TEXT_MAX: usize = 1024;
/// Most hashes from a leaf to its batch's root.
const PATH_MAX: usize = 16;

/// The first line of what is signed. What is signed does not end with a newline, which the
/// text of a note always does: no signature on one can be shown as being on the other.
const STATEMENT: &str = "portreeve-receipt/v1";
/// The beginning of a receipt's text.
const VERSION: &str = "r1";

/// The promise that the log `origin` has the entry with hash `leaf` at `index`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The log's name.
    pub origin: Origin,
    /// The entry's index in the log.
    pub index: u64,
    /// The entry's leaf hash.
    pub leaf: Hash,
    /// The index of the first entry of the batch.
    pub batch_first: u64,
    /// How many entries the batch has.
    pub batch_size: u32,
    /// From the leaf's sibling to the batch root's child.
    pub path: Vec<Hash>,
    /// The log's signature on the batch.
    pub signature: [u8; 64],
}

/// Why a receipt is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptError {
    /// The text is not a receipt.
    #[error("not a receipt: {0}")]
    Form(&'static str),
    /// It is of another log.
    #[error("the receipt is of a log of another name than the key's")]
    OriginDiffers,
    /// The entry does not stand in the batch as said.
    #[error("the receipt contradicts itself: {0}")]
    Batch(#[from] ProofError),
    /// The signature is not the log's.
    #[error("the receipt is not signed by this key, or has been changed")]
    NotSigned,
}

/// One receipt for each of `leaves`, which the log holds from index `first` on.
///
/// ```
/// let key = tlog::LogKey::generate("example.com/log".parse()?, [7; 32]);
/// let receipts = tlog::sign_batch(&key, 40, &[tlog::leaf_hash(b"a"), tlog::leaf_hash(b"b")]);
/// let shown = tlog::Receipt::decode(&receipts[1].encode()).expect("just written");
/// assert_eq!(shown.verify(&key.verifier()), Ok(()));
/// assert_eq!(shown.index, 41);
/// # Ok::<(), tlog::OriginError>(())
/// ```
#[must_use]
pub fn sign_batch(key: &LogKey, first: u64, leaves: &[Hash]) -> Vec<Receipt> {
    let mut receipts = Vec::with_capacity(leaves.len());
    let mut batch_first = first;
    for batch in leaves.chunks(BATCH_MAX as usize) {
        receipts.extend(sign_one(key, batch_first, batch));
        batch_first = batch_first.saturating_add(batch.len() as u64);
    }
    receipts
}

/// Receipts under one signature, for at most [`BATCH_MAX`] leaves.
#[expect(clippy::expect_used, reason = "all subtrees of the batch are in `levels`")]
fn sign_one<'a>(
    key: &'a LogKey,
    batch_first: u64,
    batch: &'a [Hash],
) -> impl Iterator<Item = Receipt> + 'a {
    let levels = complete_subtrees(batch);
    let hashes = move |level: u8, index: u64| {
        levels.get(usize::from(level))?.get(usize::try_from(index).ok()?).copied()
    };
    // At most BATCH_MAX, as `sign_batch` cuts them.
    let batch_size = batch.len() as u32;
    let mut signature = None;
    (0_u64..).zip(batch).map(move |(position, leaf)| {
        let path = inclusion_proof(&hashes, position, batch_size.into()).expect("all at hand");
        let signature = *signature.get_or_insert_with(|| {
            let root = inclusion_root(leaf, position, batch_size.into(), &path).expect("inside");
            key.sign(statement(key.name(), batch_first, batch_size, &root).as_bytes())
        });
        Receipt {
            origin: key.name().clone(),
            index: batch_first.saturating_add(position),
            leaf: *leaf,
            batch_first,
            batch_size,
            path,
            signature,
        }
    })
}

/// The hashes of all complete subtrees over `leaves`, by height.
fn complete_subtrees(leaves: &[Hash]) -> Vec<Vec<Hash>> {
    let mut levels = vec![leaves.to_vec()];
    while let Some(last) = levels.last().filter(|last| last.len() > 1) {
        let pairs = last.as_chunks::<2>().0;
        levels.push(pairs.iter().map(|[left, right]| node_hash(left, right)).collect());
    }
    levels
}

/// What the log signs of a batch.
fn statement(origin: &Origin, first: u64, size: u32, root: &Hash) -> String {
    format!("{STATEMENT}\n{origin}\n{first}\n{size}\n{}", base64(root))
}

impl Receipt {
    /// The receipt as header text: `r1.INDEX.FIRST.SIZE.LEAF.PATH.SIGNATURE.ORIGIN`, visible
    /// ASCII, at most [`RECEIPT_TEXT_MAX`] bytes.
    #[must_use]
    pub fn encode(&self) -> String {
        let Self { origin, index, leaf, batch_first, batch_size, path, signature } = self;
        let (leaf, signature) = (base64url(leaf), base64url(signature));
        let path = base64url(&path.concat());
        format!("{VERSION}.{index}.{batch_first}.{batch_size}.{leaf}.{path}.{signature}.{origin}")
    }

    /// Reads the text of a receipt.
    ///
    /// # Errors
    /// When it is not exactly what [`encode`](Self::encode) writes.
    pub fn decode(text: &str) -> Result<Self, ReceiptError> {
        if text.len() > RECEIPT_TEXT_MAX {
            return Err(ReceiptError::Form("it is too long"));
        }
        let fields: Vec<&str> = text.splitn(8, '.').collect();
        let [VERSION, index, first, size, leaf, path, signature, origin] = fields.as_slice() else {
            return Err(ReceiptError::Form("it does not have the eight parts of an r1 receipt"));
        };
        Ok(Self {
            origin: origin.parse().map_err(|_| ReceiptError::Form("it names no log"))?,
            index: decimal(index).ok_or(ReceiptError::Form("its index is not a number"))?,
            leaf: fixed(leaf).ok_or(ReceiptError::Form("its leaf is not a hash"))?,
            batch_first: decimal(first).ok_or(ReceiptError::Form("its batch has no start"))?,
            batch_size: batch_size(size).ok_or(ReceiptError::Form("its batch has no size"))?,
            path: hashes(path).ok_or(ReceiptError::Form("its path is not hashes"))?,
            signature: fixed(signature).ok_or(ReceiptError::Form("its signature is cut"))?,
        })
    }

    /// Checks that the log of `verifier` made this promise.
    ///
    /// # Errors
    /// When it did not, or anything in the receipt has been changed.
    pub fn verify(&self, verifier: &LogVerifier) -> Result<(), ReceiptError> {
        if self.origin != *verifier.name() {
            return Err(ReceiptError::OriginDiffers);
        }
        let size = u64::from(self.batch_size);
        let outside = ProofError::OutsideTree { index: self.index, size };
        let position = self.index.checked_sub(self.batch_first).ok_or(outside)?;
        let root = inclusion_root(&self.leaf, position, size, &self.path)?;
        let statement = statement(&self.origin, self.batch_first, self.batch_size, &root);
        let signed = verifier.verify(statement.as_bytes(), &self.signature);
        if signed { Ok(()) } else { Err(ReceiptError::NotSigned) }
    }
}

fn fixed<const N: usize>(text: &str) -> Option<[u8; N]> {
    from_base64url(text)?.try_into().ok()
}

fn hashes(text: &str) -> Option<Vec<Hash>> {
    let bytes = from_base64url(text)?;
    let (hashes, rest) = bytes.as_chunks::<32>();
    (rest.is_empty() && hashes.len() <= PATH_MAX).then(|| hashes.to_vec())
}

fn batch_size(text: &str) -> Option<u32> {
    let size = u32::try_from(decimal(text)?).ok()?;
    (1..=BATCH_MAX).contains(&size).then_some(size)
}
