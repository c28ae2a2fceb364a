//! The publisher thread: turns the WAL's durable frames into bundles, tiles, payloads and ids,
//! and signs a checkpoint over them. It never blocks the writer and never writes the WAL.
//!
//! After any failure it forgets what it holds and loads it from the disk again, so that every
//! failure is followed by the same steps as a start.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tlog::bundle::{self, Bundle};
use tlog::tile::{self, Tile, TileEdge, TileHashes, WIDTH};
use tlog::{Checkpoint, LogKey, leaf_hash};
use tokio::sync::mpsc::WeakSender;
use tokio::sync::oneshot;

use crate::disk::Disk;
use crate::engine::Shared;
use crate::faults::Step;
use crate::message::Message;
use crate::published::{Published, PublishedError, width_at};
use crate::status::Unavailable;
use crate::wal::{Cursor, WalError, remove_published};
use crate::{head, ids, payloads};

mod round;

use round::Round;

/// Entries that one checkpoint adds, at most: bounds memory and the time between checkpoints.
const CHUNK_MAX: u64 = 16_384;

/// The publisher's state. Owned by its thread alone.
pub(crate) struct Publisher {
    pub(crate) shared: Arc<Shared>,
    pub(crate) dir: PathBuf,
    pub(crate) disk: Disk,
    pub(crate) key: Arc<LogKey>,
    edge: Option<Edge>,
}

/// The right edge of what is published.
struct Edge {
    tree: TileEdge,
    /// The entries of the last, partial bundle.
    bundle: Vec<Vec<u8>>,
    cursor: Cursor,
}

/// Why a publication failed. The next one begins from the disk.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PublishError {
    #[error(transparent)]
    Published(#[from] PublishedError),
    #[error(transparent)]
    Wal(#[from] WalError),
    #[error("cannot publish {}", path.display())]
    Io { path: PathBuf, source: std::io::Error },
    #[error("the WAL lacks the durable entry {0}")]
    Missing(u64),
    #[error("the tiles do not give the root that the checkpoint signs")]
    OtherRoot,
}

impl Publisher {
    /// A publisher that begins where the checkpoint on the disk ends.
    pub(crate) fn open(
        shared: Arc<Shared>,
        dir: &Path,
        disk: Disk,
        key: Arc<LogKey>,
    ) -> Result<Self, PublishError> {
        let mut publisher = Self { shared, dir: dir.to_owned(), disk, key, edge: None };
        let edge = publisher.load()?;
        publisher.shared.state().published = edge.tree.size();
        publisher.edge = Some(edge);
        Ok(publisher)
    }

    /// Runs until the writer has ended, or the log's last handle is gone.
    pub(crate) fn run(mut self, queue: &WeakSender<Message>) {
        let every = self.shared.settings.checkpoint_every;
        loop {
            let (wanted, ended) = {
                let mut state = self.shared.wait(every);
                (std::mem::take(&mut state.wanted), state.writer_ended)
            };
            let published = self.publish_all();
            if ended {
                return self.end(wanted);
            }
            for waiter in wanted {
                // Whoever asked may have left.
                let _ = waiter.send(published.clone());
            }
            self.tick_writer(queue);
        }
    }

    /// Says that nothing will be published any more, to whoever asked and whoever will ask.
    fn end(self, wanted: Vec<oneshot::Sender<Result<u64, Unavailable>>>) {
        let mut state = self.shared.state();
        state.publisher_ended = true;
        for waiter in wanted.into_iter().chain(std::mem::take(&mut state.wanted)) {
            // Whoever asked may have left.
            let _ = waiter.send(state.settled());
        }
    }

    /// Lets the writer look for a heartbeat or a retry; not while its queue is full.
    fn tick_writer(&self, queue: &WeakSender<Message>) {
        let room = Arc::clone(&self.shared.rooms).try_acquire_owned();
        if let (Some(queue), Ok(room)) = (queue.upgrade(), room) {
            // The permit is the place; only a writer that has ended refuses.
            let _ = queue.try_send(Message::Tick { room, done: None });
        }
    }

    /// Publishes everything that is durable by now.
    fn publish_all(&mut self) -> Result<u64, Unavailable> {
        let result = self.publish_chunks();
        let mut state = self.shared.state();
        state.publishing_fails = result.is_err();
        match result {
            Ok(size) => Ok(size),
            Err(error) => {
                let text = crate::error_line(&error);
                state.last_error = Some(text.clone());
                drop(state);
                self.edge = None;
                Err(Unavailable::Disk(text))
            }
        }
    }

    fn publish_chunks(&mut self) -> Result<u64, PublishError> {
        let mut edge = match self.edge.take() {
            Some(edge) => edge,
            None => self.load()?,
        };
        loop {
            let durable = self.shared.state().durable;
            let size = edge.tree.size();
            self.shared.state().published = size;
            if size >= durable {
                break;
            }
            self.publish(&mut edge, durable.min(size + CHUNK_MAX))?;
        }
        let size = edge.tree.size();
        self.edge = Some(edge);
        Ok(size)
    }

    /// Publishes the entries up to `target`, all of them durable.
    fn publish(&self, edge: &mut Edge, target: u64) -> Result<(), PublishError> {
        let first = edge.tree.size();
        let mut round = Round::default();
        let published: Vec<Tile> = edge.tree.partials().map(|partial| partial.tile).collect();
        edge.cursor.seek(first);
        for index in first..target {
            let frame = edge.cursor.next()?.ok_or(PublishError::Missing(index))?;
            round.ids.push(ids::bytes_of(head::id_of(&frame.entry)));
            if !frame.sealed.is_empty() {
                round.sealed.push((index, frame.sealed));
            }
            let filled = edge.tree.push(leaf_hash(&frame.entry));
            edge.bundle.push(frame.entry);
            if edge.bundle.len() == usize::from(WIDTH) {
                self.write_bundle(index / u64::from(WIDTH), &edge.bundle, &mut round)?;
                edge.bundle.clear();
            }
            for tile in &filled {
                self.write_tile(tile, &mut round)?;
            }
        }
        if !edge.bundle.is_empty() {
            self.write_bundle(target / u64::from(WIDTH), &edge.bundle, &mut round)?;
        }
        // A higher level's last tile may not have grown: the checkpoint covers that file, so it
        // must not be written in place again.
        for partial in edge.tree.partials().filter(|partial| !published.contains(&partial.tile)) {
            self.write_tile(&partial, &mut round)?;
        }
        self.finish(edge, first, round)
    }

    /// Makes everything written so far count: ids, directories, then the checkpoint.
    fn finish(&self, edge: &Edge, first: u64, mut round: Round) -> Result<(), PublishError> {
        let ids_dir = self.dir.join("ids");
        at(&ids_dir, ids::extend(&self.disk, &self.dir, first, &round.ids))?;
        round.sync(&self.disk)?;
        round.dirs.insert(ids_dir);
        for dir in &round.dirs {
            at(dir, self.disk.sync_dir(dir))?;
        }
        // A crash up to here leaves pieces that no checkpoint covers: nobody reads them, and the
        // next publication writes the same bytes over them. A crash after it leaves WAL segments
        // and partial pieces that are no longer needed: the next publication removes the former,
        // and the latter are harmless.
        let origin = self.key.name().clone();
        let checkpoint = Checkpoint { origin, size: edge.tree.size(), root: edge.tree.root() };
        let path = self.dir.join("checkpoint");
        let note = checkpoint.sign(&self.key);
        at(&path, self.disk.replace(Step::Checkpoint, &path, note.as_bytes()))?;
        self.shared.state().published = checkpoint.size;
        remove_published(&self.disk, &self.dir.join("wal"), checkpoint.size)?;
        for partial in &round.replaced {
            at(partial, self.disk.remove_dir(Step::PartialRemove, partial))?;
        }
        Ok(())
    }

    fn write_bundle(
        &self,
        number: u64,
        entries: &[Vec<u8>],
        round: &mut Round,
    ) -> Result<(), PublishError> {
        let width = u16::try_from(entries.len()).unwrap_or(WIDTH);
        let place = Bundle::new(number, width);
        let place = place.map_err(|error| self.impossible(error))?;
        let bytes = bundle::encode(entries).map_err(|error| self.impossible(error))?;
        self.write_piece(Step::Bundle, &place.path(), &bytes, round)?;
        if width == WIDTH {
            round.replaced.push(self.dir.join(format!("{}.p", place.path())));
        }
        let sealed = std::mem::take(&mut round.sealed);
        if !sealed.is_empty() {
            let path = payloads::path(&self.dir, number);
            self.note_dirs(&path, round)?;
            let file = payloads::append(&self.disk, &self.dir, number, &sealed);
            round.add(&self.disk, Step::Payload, &path, at(&path, file)?)?;
        }
        Ok(())
    }

    fn write_tile(&self, tile: &TileHashes, round: &mut Round) -> Result<(), PublishError> {
        let path = tile.tile.path();
        self.write_piece(Step::Tile, &path, &tile::encode(&tile.hashes), round)?;
        if tile.tile.width() == WIDTH {
            round.replaced.push(self.dir.join(format!("{path}.p")));
        }
        Ok(())
    }

    /// Writes a piece in place: no checkpoint covers it yet, so nobody reads it half-written.
    fn write_piece(
        &self,
        step: Step,
        path: &str,
        bytes: &[u8],
        round: &mut Round,
    ) -> Result<(), PublishError> {
        let path = self.dir.join(path);
        self.note_dirs(&path, round)?;
        let file = self.disk.create(step, &path).and_then(|file| {
            self.disk.write_at(step, &file, bytes, 0)?;
            Ok(file)
        });
        round.add(&self.disk, step, &path, at(&path, file)?)
    }

    /// Makes the directories above `path`, and notes them for syncing.
    fn note_dirs(&self, path: &Path, round: &mut Round) -> Result<(), PublishError> {
        let Some(parent) = path.parent() else { return Ok(()) };
        if round.dirs.contains(parent) {
            return Ok(());
        }
        at(parent, self.disk.create_dirs(parent))?;
        let below = parent.ancestors().take_while(|dir| dir.starts_with(&self.dir));
        round.dirs.extend(below.map(Path::to_owned));
        Ok(())
    }

    /// Loads the right edge from the disk, and checks it against the signed root.
    fn load(&self) -> Result<Edge, PublishError> {
        let published = Published::new(&self.dir);
        let checkpoint = published.checkpoint(&self.key.verifier())?;
        let size = checkpoint.as_ref().map_or(0, |checkpoint| checkpoint.size);
        let tree = TileEdge::from_tiles(size, &mut |tile| published.tile(tile))
            .map_err(|_| PublishError::OtherRoot)?;
        if checkpoint.is_some_and(|checkpoint| checkpoint.root != tree.root()) {
            return Err(PublishError::OtherRoot);
        }
        let number = size / u64::from(WIDTH);
        let bundle = match width_at(number, size) {
            Some(_) => published.bundle(number, size)?.ok_or_else(|| {
                PublishedError::damaged(self.dir.join("tile/entries"), "lacks its last bundle")
            })?,
            None => Vec::new(),
        };
        self.catch_up_ids(&published, size)?;
        let origin = self.key.name().as_str();
        Ok(Edge { tree, bundle, cursor: Cursor::new(&self.dir.join("wal"), origin, size) })
    }

    /// Makes the id index cover all published entries, from their bundles.
    fn catch_up_ids(&self, published: &Published, size: u64) -> Result<(), PublishError> {
        let dir = self.dir.join("ids");
        at(&dir, self.disk.create_dirs(&dir))?;
        let mut covered = at(&dir, ids::covered(&self.dir))?;
        while covered < size {
            let number = covered / u64::from(WIDTH);
            let first = number * u64::from(WIDTH);
            let entries = published.bundle(number, size)?.unwrap_or_default();
            let ids: Vec<_> = (first..)
                .zip(&entries)
                .filter(|(index, _)| *index >= covered)
                .map(|(_, bytes)| ids::bytes_of(head::id_of(bytes)))
                .collect();
            if ids.is_empty() {
                return Err(PublishError::Missing(covered));
            }
            at(&dir, ids::extend(&self.disk, &self.dir, covered, &ids))?;
            covered += ids.len() as u64;
        }
        Ok(())
    }

    fn impossible(&self, error: impl std::fmt::Display) -> PublishError {
        PublishError::Io {
            path: self.dir.clone(),
            source: std::io::Error::other(error.to_string()),
        }
    }
}

/// Names the file or folder that an operation failed on.
fn at<T>(path: &Path, result: std::io::Result<T>) -> Result<T, PublishError> {
    result.map_err(|source| PublishError::Io { path: path.to_owned(), source })
}
