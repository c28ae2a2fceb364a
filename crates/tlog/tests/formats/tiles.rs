//! Tiles and entry bundles: places, contents, limits, and resuming from partial tiles.

use tlog::bundle::{self, Bundle, BundleError, ENTRY_BYTES_MAX};
use tlog::leaf_hash;
use tlog::tile::{self, Tile, TileEdge, TileError};

use super::{leaves, root};

#[test]
fn an_edge_resumes_from_its_partial_tiles() {
    for size in [0, 1, 255, 256, 257, 511, 512, 1000, 65_536] {
        let mut edge = TileEdge::new();
        leaves(size).into_iter().for_each(|leaf| drop(edge.push(leaf)));
        let partials: Vec<_> = edge.partials().collect();
        let mut read = |place: Tile| {
            partials.iter().find(|each| each.tile == place).map(|each| each.hashes.clone())
        };
        let mut resumed = TileEdge::from_tiles(size, &mut read).unwrap();
        assert_eq!((resumed.size(), resumed.root()), (size, edge.root()), "size {size}");
        let next = leaf_hash(b"next");
        assert_eq!(resumed.push(next), edge.push(next), "size {size}");
        assert_eq!(resumed.root(), edge.root());
        assert_eq!(edge.root(), root(&[leaves(size), vec![next]].concat()));
    }
}

#[test]
fn an_edge_does_not_resume_from_the_wrong_tiles() {
    let none = TileEdge::from_tiles(3, &mut |_| None);
    assert_eq!(none, Err(TileError::Missing(Tile::new(0, 0, 3).unwrap())));
    let short = TileEdge::from_tiles(3, &mut |_| Some(vec![[0; 32]; 2]));
    assert_eq!(short, Err(TileError::Length { width: 3, bytes: 64 }));
}

#[test]
fn a_tree_of_seventy_thousand_has_the_tiles_that_the_specification_counts() {
    let count = |level: u8, full: bool| {
        let of = |tile: &Tile| tile.level() == level && (tile.width() == 256) == full;
        Tile::all(70_000).filter(of).count()
    };
    assert_eq!((count(0, true), count(1, true), count(2, true)), (273, 1, 0));
    let partial: Vec<_> =
        Tile::all(70_000).filter(|tile| tile.width() < 256).map(|tile| tile.path()).collect();
    assert_eq!(partial, ["tile/0/273.p/112", "tile/1/001.p/17", "tile/2/000.p/1"]);
}

#[test]
fn no_place_is_outside_the_bounds() {
    for (level, width) in [(0, 0), (0, 257), (8, 1), (63, 256), (255, 1)] {
        assert_eq!(Tile::new(level, 0, width), Err(TileError::Place { level, width }));
    }
    assert!(Bundle::new(0, 0).is_err() && Bundle::new(0, 257).is_err());
    assert_eq!(Bundle::from_path("tile/entries/x001/234.p/5"), Bundle::new(1234, 5));
    for path in ["tile/entries/0", "tile/0/000", "tile/entries/000.p/256", "tile/entries/x000/000"]
    {
        assert_eq!(Bundle::from_path(path), Err(TileError::Path), "{path}");
    }
    for size in [0, 1, 255, 256, 257, 1000] {
        assert_eq!(Bundle::last(size), Bundle::all(size).last(), "size {size}");
    }
    assert_eq!(Bundle::last(u64::MAX).map(|last| last.width()), Some(255));
    assert_eq!(Bundle::all(513).map(|each| each.width()).collect::<Vec<_>>(), [256, 256, 1]);
    assert_eq!(tile::decode(&[0; 63], 2), Err(TileError::Length { width: 2, bytes: 63 }));
    assert_eq!(tile::decode(&[0; 64], 1), Err(TileError::Length { width: 1, bytes: 64 }));
}

#[test]
fn subtrees_beyond_the_tree_are_not_read() {
    let read = |tile: Tile| Some(vec![[0; 32]; tile.width().into()]);
    assert!(tile::subtree(0, 2, 3, &read).is_some());
    for (level, index) in [(0, 3), (1, 1), (8, 0), (63, 0), (64, 0), (255, 7), (7, u64::MAX)] {
        assert_eq!(tile::subtree(level, index, 3, &read), None, "{level} {index}");
    }
}

#[test]
fn bundles_hold_their_entries_exactly() {
    let longest = vec![b'x'; ENTRY_BYTES_MAX];
    let entries: [&[u8]; 3] = [b"", b"entry", &longest];
    let bytes = bundle::encode(&entries).unwrap();
    assert_eq!(bundle::decode(&bytes, 3), Ok(entries.to_vec()));
    assert_eq!(bundle::decode(&bytes, 4), Err(BundleError::TooFew { entries: 3, width: 4 }));
    assert!(matches!(bundle::decode(&bytes, 2), Err(BundleError::Trailing { .. })));
    assert!(matches!(bundle::decode(&bytes, 257), Err(BundleError::TooMany)));
    for cut in 1..bytes.len() {
        // A cut at the end of an entry leaves too few; any other breaks one off.
        let decoded = bundle::decode(&bytes[..cut], 3);
        assert_eq!(
            matches!(decoded, Err(BundleError::TooFew { .. })),
            cut == 2 || cut == 9,
            "{cut}: {decoded:?}"
        );
        assert!(decoded.is_err());
    }
}

#[test]
fn bundles_refuse_what_their_form_cannot_say() {
    let too_long = vec![b'x'; ENTRY_BYTES_MAX + 1];
    let mut bytes = vec![7];
    let refused = Err(BundleError::EntryTooLong { bytes: ENTRY_BYTES_MAX + 1 });
    assert_eq!(bundle::push(&mut bytes, &too_long), refused);
    assert_eq!(bytes, [7]);
    assert!(bundle::encode(&vec![b"x"; 256]).is_ok());
    assert_eq!(bundle::encode(&vec![b"x"; 257]), Err(BundleError::TooMany));
}
