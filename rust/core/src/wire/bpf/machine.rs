//! The machine that a filter runs on: an accumulator, an index and sixteen words of memory.
use super::super::field::{u16_at, u32_at};
use super::Instruction;
use super::code::*;

/// What follows an instruction.
pub(super) enum Step {
    /// The next one, after that many.
    On(usize),
    /// Nothing: the program returns.
    End(u32),
}

/// Which of a packet's bytes a program may look at.
pub trait Sight {
    /// Whether it may look at the `size` bytes at `at`.
    fn covers(&self, at: usize, size: usize) -> bool;
    /// Whether it may ask for the packet's length.
    fn covers_length(&self) -> bool;
}

/// All of them.
pub(super) struct Everything;

impl Sight for Everything {
    #[inline(always)]
    fn covers(&self, _: usize, _: usize) -> bool {
        true
    }

    #[inline(always)]
    fn covers_length(&self) -> bool {
        true
    }
}

/// A program's state.
pub(super) struct Machine<'a, S> {
    bytes: &'a [u8],
    sight: &'a S,
    /// Whether it looked at what it may not.
    beyond: bool,
    wire_len: u32,
    accumulator: u32,
    index: u32,
    memory: [u32; SLOTS],
}

impl<'a, S: Sight> Machine<'a, S> {
    /// A machine about to start.
    pub(super) fn new(bytes: &'a [u8], wire_len: u32, sight: &'a S) -> Self {
        Self {
            bytes,
            sight,
            beyond: false,
            wire_len,
            accumulator: 0,
            index: 0,
            memory: [0; SLOTS],
        }
    }

    /// Whether it has looked at what it may not, which ends a program with a refusal.
    pub(super) fn is_beyond(&self) -> bool {
        self.beyond
    }

    /// Does one instruction.
    #[inline]
    pub(super) fn step(&mut self, instruction: Instruction) -> Step {
        match instruction.code {
            RETURN_CONSTANT => Step::End(instruction.constant),
            RETURN_ACCUMULATOR => Step::End(self.accumulator),
            JUMP => Step::On(instruction.constant as usize),
            code if code & 7 == JUMP => Step::On(self.jump(instruction)),
            _ => self
                .calculate(instruction)
                .map_or(Step::End(0), |()| Step::On(0)),
        }
    }

    #[inline]
    fn jump(&self, instruction: Instruction) -> usize {
        let (left, right) = (self.accumulator, self.operand(instruction));
        let holds = match instruction.operation() {
            JUMP_EQUAL => left == right,
            JUMP_GREATER => left > right,
            JUMP_GREATER_EQUAL => left >= right,
            _ => left & right != 0,
        };
        usize::from(if holds {
            instruction.jump_true
        } else {
            instruction.jump_false
        })
    }

    #[inline]
    fn operand(&self, instruction: Instruction) -> u32 {
        if instruction.code & INDEX == 0 {
            instruction.constant
        } else {
            self.index
        }
    }

    /// None where the packet is refused: it is too short, or a division is by zero.
    #[inline]
    fn calculate(&mut self, instruction: Instruction) -> Option<()> {
        let constant = instruction.constant;
        match instruction.code & 7 {
            LOAD => self.accumulator = self.load(instruction.code, constant)?,
            LOAD_INDEX => self.index = self.load_index(instruction.code, constant)?,
            STORE => self.memory[slot(constant)] = self.accumulator,
            STORE_INDEX => self.memory[slot(constant)] = self.index,
            _ if instruction.code == A_TO_X => self.index = self.accumulator,
            _ if instruction.code == X_TO_A => self.accumulator = self.index,
            _ => self.accumulator = self.arithmetic(instruction)?,
        }
        Some(())
    }

    /// Whether the program may look there; noted where not.
    #[inline(always)]
    fn sees(&mut self, at: usize, size: usize) -> bool {
        let sees = self.sight.covers(at, size);
        self.beyond |= !sees;
        sees
    }

    #[inline(always)]
    fn length(&mut self) -> Option<u32> {
        let sees = self.sight.covers_length();
        self.beyond |= !sees;
        sees.then_some(self.wire_len)
    }

    #[inline]
    fn load(&mut self, code: u16, constant: u32) -> Option<u32> {
        let at = constant as usize;
        // A sum beyond 32 bits does not wrap: it is outside of any packet.
        let indirect = at.checked_add(self.index as usize);
        match code {
            LOAD_WORD => self.word(at),
            LOAD_HALF => self.half(at),
            LOAD_BYTE => self.byte(at),
            LOAD_WORD_AT => self.word(indirect?),
            LOAD_HALF_AT => self.half(indirect?),
            LOAD_BYTE_AT => self.byte(indirect?),
            LOAD_MEMORY => Some(self.memory[slot(constant)]),
            LOAD_LENGTH => self.length(),
            _ => Some(constant),
        }
    }

    #[inline]
    fn word(&mut self, at: usize) -> Option<u32> {
        let sees = self.sees(at, 4);
        sees.then(|| u32_at(self.bytes, at)).flatten()
    }

    #[inline]
    fn half(&mut self, at: usize) -> Option<u32> {
        let sees = self.sees(at, 2);
        sees.then(|| u16_at(self.bytes, at))
            .flatten()
            .map(u32::from)
    }

    #[inline]
    fn byte(&mut self, at: usize) -> Option<u32> {
        let sees = self.sees(at, 1);
        sees.then(|| self.bytes.get(at))
            .flatten()
            .copied()
            .map(u32::from)
    }

    #[inline]
    fn load_index(&mut self, code: u16, constant: u32) -> Option<u32> {
        match code {
            INDEX_MEMORY => Some(self.memory[slot(constant)]),
            INDEX_LENGTH => self.length(),
            INDEX_HEADER => {
                let byte = self.byte(constant as usize)?;
                Some((byte & 0xf) * 4)
            }
            _ => Some(constant),
        }
    }

    #[inline]
    fn arithmetic(&self, instruction: Instruction) -> Option<u32> {
        let (left, right) = (self.accumulator, self.operand(instruction));
        match instruction.operation() {
            ADD => Some(left.wrapping_add(right)),
            SUBTRACT => Some(left.wrapping_sub(right)),
            MULTIPLY => Some(left.wrapping_mul(right)),
            DIVIDE => left.checked_div(right),
            OR => Some(left | right),
            AND => Some(left & right),
            SHIFT_LEFT => Some(left.checked_shl(right).unwrap_or(0)),
            SHIFT_RIGHT => Some(left.checked_shr(right).unwrap_or(0)),
            NEGATE => Some(left.wrapping_neg()),
            REMAINDER => left.checked_rem(right),
            _ => Some(left ^ right),
        }
    }
}

/// The check has held it under the number of slots already.
#[inline]
fn slot(constant: u32) -> usize {
    constant as usize % SLOTS
}
