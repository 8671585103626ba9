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

/// A program's state.
pub(super) struct Machine<'a> {
    bytes: &'a [u8],
    wire_len: u32,
    accumulator: u32,
    index: u32,
    memory: [u32; SLOTS],
}

impl<'a> Machine<'a> {
    /// A machine about to start.
    pub(super) fn new(bytes: &'a [u8], wire_len: u32) -> Self {
        Self {
            bytes,
            wire_len,
            accumulator: 0,
            index: 0,
            memory: [0; SLOTS],
        }
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

    #[inline]
    fn load(&self, code: u16, constant: u32) -> Option<u32> {
        let at = constant as usize;
        // A sum beyond 32 bits does not wrap: it is outside of any packet.
        let indirect = || at.checked_add(self.index as usize);
        match code {
            LOAD_WORD => u32_at(self.bytes, at),
            LOAD_HALF => u16_at(self.bytes, at).map(u32::from),
            LOAD_BYTE => self.bytes.get(at).copied().map(u32::from),
            LOAD_WORD_AT => u32_at(self.bytes, indirect()?),
            LOAD_HALF_AT => u16_at(self.bytes, indirect()?).map(u32::from),
            LOAD_BYTE_AT => self.bytes.get(indirect()?).copied().map(u32::from),
            LOAD_MEMORY => Some(self.memory[slot(constant)]),
            LOAD_LENGTH => Some(self.wire_len),
            _ => Some(constant),
        }
    }

    #[inline]
    fn load_index(&self, code: u16, constant: u32) -> Option<u32> {
        match code {
            INDEX_MEMORY => Some(self.memory[slot(constant)]),
            INDEX_LENGTH => Some(self.wire_len),
            INDEX_HEADER => {
                let byte = *self.bytes.get(constant as usize)?;
                Some(u32::from(byte & 0xf) * 4)
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
