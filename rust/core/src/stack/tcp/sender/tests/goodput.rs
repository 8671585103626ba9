//! How much arrives, on lines with a rate.
use super::line::Line;
use super::rig::{MSS, Rig, Setup};
use crate::time::{MILLISECOND, SECOND};

#[test]
fn small() {
    let mut rig = Rig::new(
        &Setup::default(),
        Line::new(MILLISECOND, 1, "forth"),
        Line::new(MILLISECOND, 1, "back"),
    );
    rig.checked = true;
    rig.forth.loss = 0.1;
    rig.written = 1 + 400 * MSS;
    rig.run(100 * SECOND);

    assert!(rig.is_done());
}
