//! What follows from a mode.

use super::Mode;

/// A mode has its own bits where none are stored; stored ones lose what the mode takes away, and bits that are none
/// are left out.
#[test]
fn bits_follow_from_the_mode() {
    let defaults = Mode::ALL.map(|mode| (mode.folder_bits(None), mode.file_bits(None)));
    assert_eq!(defaults, [(0o770, 0o660), (0o770, 0o440), (0o550, 0o440), (0o550, 0o440)]);
    let stored = Mode::ALL.map(|mode| (mode.folder_bits(Some(0o2775)), mode.file_bits(Some(0o100_755))));
    assert_eq!(stored, [(0o2775, 0o755), (0o2775, 0o555), (0o2555, 0o555), (0o2555, 0o555)]);
}
