//! The codes of instructions, as `bpf.h` of any BSD has them: a class in the low three bits, then
//! size and mode of a load, or operation and operand.

pub(super) const LOAD: u16 = 0x00;
pub(super) const LOAD_INDEX: u16 = 0x01;
pub(super) const STORE: u16 = 0x02;
pub(super) const STORE_INDEX: u16 = 0x03;
pub(super) const RETURN: u16 = 0x06;

pub(super) const WORD: u16 = 0x00;
pub(super) const HALF: u16 = 0x08;
pub(super) const BYTE: u16 = 0x10;

pub(super) const IMMEDIATE: u16 = 0x00;
pub(super) const ABSOLUTE: u16 = 0x20;
pub(super) const INDIRECT: u16 = 0x40;
pub(super) const MEMORY: u16 = 0x60;
pub(super) const LENGTH: u16 = 0x80;
pub(super) const HEADER_LENGTH: u16 = 0xa0;

/// The second operand is X rather than the constant.
pub(super) const INDEX: u16 = 0x08;
pub(super) const ACCUMULATOR: u16 = 0x10;

pub(super) const LOAD_IMMEDIATE: u16 = LOAD | IMMEDIATE;
pub(super) const LOAD_WORD: u16 = LOAD | WORD | ABSOLUTE;
pub(super) const LOAD_HALF: u16 = LOAD | HALF | ABSOLUTE;
pub(super) const LOAD_BYTE: u16 = LOAD | BYTE | ABSOLUTE;
pub(super) const LOAD_WORD_AT: u16 = LOAD | WORD | INDIRECT;
pub(super) const LOAD_HALF_AT: u16 = LOAD | HALF | INDIRECT;
pub(super) const LOAD_BYTE_AT: u16 = LOAD | BYTE | INDIRECT;
pub(super) const LOAD_MEMORY: u16 = LOAD | MEMORY;
pub(super) const LOAD_LENGTH: u16 = LOAD | LENGTH;
pub(super) const INDEX_IMMEDIATE: u16 = LOAD_INDEX | IMMEDIATE;
pub(super) const INDEX_MEMORY: u16 = LOAD_INDEX | MEMORY;
pub(super) const INDEX_LENGTH: u16 = LOAD_INDEX | LENGTH;
pub(super) const INDEX_HEADER: u16 = LOAD_INDEX | BYTE | HEADER_LENGTH;
pub(super) const RETURN_CONSTANT: u16 = RETURN;
pub(super) const RETURN_ACCUMULATOR: u16 = RETURN | ACCUMULATOR;

pub(super) const ADD: u16 = 0x04;
pub(super) const SUBTRACT: u16 = 0x14;
pub(super) const MULTIPLY: u16 = 0x24;
pub(super) const DIVIDE: u16 = 0x34;
pub(super) const OR: u16 = 0x44;
pub(super) const AND: u16 = 0x54;
pub(super) const SHIFT_LEFT: u16 = 0x64;
pub(super) const SHIFT_RIGHT: u16 = 0x74;
pub(super) const NEGATE: u16 = 0x84;
pub(super) const REMAINDER: u16 = 0x94;
pub(super) const XOR: u16 = 0xa4;

pub(super) const JUMP: u16 = 0x05;
pub(super) const JUMP_EQUAL: u16 = 0x15;
pub(super) const JUMP_GREATER: u16 = 0x25;
pub(super) const JUMP_GREATER_EQUAL: u16 = 0x35;
pub(super) const JUMP_SET: u16 = 0x45;

pub(super) const A_TO_X: u16 = 0x07;
pub(super) const X_TO_A: u16 = 0x87;

/// How many words of memory a program has.
pub(super) const SLOTS: usize = 16;
