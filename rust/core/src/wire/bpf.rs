//! The classic packet filter: McCanne and Jacobson, "The BSD Packet Filter" (USENIX 1993), with the
//! later `mod` and `xor`. A program is checked once, when it is loaded; then it only jumps forward,
//! so that it ends, and a load from outside the packet ends it with a refusal.
use code::*;
pub use machine::Sight;
use machine::{Everything, Machine, Step};

mod code;
mod machine;
#[cfg(test)]
mod tests;

/// How many instructions a program may have.
pub const MOST: usize = 4096;

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Instruction {
    code: u16,
    jump_true: u8,
    jump_false: u8,
    constant: u32,
}

impl Instruction {
    fn new([code, jump_true, jump_false, constant]: [u32; 4]) -> Option<Self> {
        Some(Self {
            code: code.try_into().ok()?,
            jump_true: jump_true.try_into().ok()?,
            jump_false: jump_false.try_into().ok()?,
            constant,
        })
    }

    /// The operation, whichever its second operand is.
    fn operation(self) -> u16 {
        self.code & !INDEX
    }

    fn ends(self) -> bool {
        matches!(self.code, RETURN_CONSTANT | RETURN_ACCUMULATOR)
    }

    /// What is wrong with it, with `left` instructions behind it.
    fn fault(self, left: usize) -> Option<&'static str> {
        if !self.known() {
            return Some("is unknown");
        }
        let constant = self.constant;
        let slotted = matches!(self.code, LOAD_MEMORY | INDEX_MEMORY | STORE | STORE_INDEX);
        let absolute = matches!(self.code, LOAD_WORD | LOAD_HALF | LOAD_BYTE | INDEX_HEADER);
        let by_zero = matches!(self.code, DIVIDE | REMAINDER) && constant == 0;
        let far = matches!(self.code, SHIFT_LEFT | SHIFT_RIGHT) && constant >= 32;
        match () {
            () if slotted && constant as usize >= SLOTS => Some("is for memory beyond slot 15"),
            () if absolute && constant > i32::MAX as u32 => {
                Some("loads what only Linux has beside the packet")
            }
            () if by_zero => Some("divides by zero"),
            () if far => Some("shifts by more than 31 bits"),
            () if self.reach().is_some_and(|reach| reach >= left) => Some("jumps out"),
            () => None,
        }
    }

    /// How many instructions it may jump over.
    fn reach(self) -> Option<usize> {
        match self.operation() {
            JUMP => Some(self.constant as usize),
            JUMP_EQUAL | JUMP_GREATER | JUMP_GREATER_EQUAL | JUMP_SET => {
                Some(self.jump_true.max(self.jump_false).into())
            }
            _ => None,
        }
    }

    fn known(self) -> bool {
        let plain = matches!(
            self.code,
            LOAD_IMMEDIATE
                | LOAD_WORD
                | LOAD_HALF
                | LOAD_BYTE
                | LOAD_WORD_AT
                | LOAD_HALF_AT
                | LOAD_BYTE_AT
                | LOAD_MEMORY
                | LOAD_LENGTH
                | INDEX_IMMEDIATE
                | INDEX_MEMORY
                | INDEX_LENGTH
                | INDEX_HEADER
                | STORE
                | STORE_INDEX
                | NEGATE
                | JUMP
                | A_TO_X
                | X_TO_A
        );
        plain || self.ends() || self.has_operand()
    }

    /// Whether its second operand may be the constant or X.
    fn has_operand(self) -> bool {
        matches!(
            self.operation(),
            ADD | SUBTRACT
                | MULTIPLY
                | DIVIDE
                | OR
                | AND
                | SHIFT_LEFT
                | SHIFT_RIGHT
                | REMAINDER
                | XOR
                | JUMP_EQUAL
                | JUMP_GREATER
                | JUMP_GREATER_EQUAL
                | JUMP_SET
        )
    }
}

/// A program that was checked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Program(Vec<Instruction>);

impl Program {
    /// Checks a program: `code`, `jt`, `jf` and `k` of each instruction, as `tcpdump -ddd` prints
    /// them.
    ///
    /// # Errors
    /// What is wrong, and at which instruction.
    pub fn new(code: Vec<[u32; 4]>) -> Result<Self, String> {
        if !(1..=MOST).contains(&code.len()) {
            return Err(format!(
                "a filter has 1 to {MOST} instructions, not {}",
                code.len()
            ));
        }
        let instructions: Result<Vec<_>, _> = (0..code.len())
            .map(|place| instruction(&code, place))
            .collect();
        instructions.map(Self)
    }

    /// Runs it on a packet's bytes: zero refuses the packet, anything else takes it. `wire_len` is
    /// what the program takes for the packet's length, also where fewer bytes are there.
    #[must_use]
    pub fn run(&self, bytes: &[u8], wire_len: u32) -> u32 {
        self.execute(&mut Machine::new(bytes, wire_len, &Everything))
    }

    /// Runs it on a packet of which it may see only a part: whether it takes the packet; none
    /// where that depends on what it may not see. So of two packets that are alike in what may be
    /// seen, and are long enough to hold it, the answer is the same.
    #[must_use]
    pub fn run_within(&self, bytes: &[u8], sight: &impl Sight) -> Option<bool> {
        let mut machine = Machine::new(bytes, 0, sight);
        let value = self.execute(&mut machine);
        (!machine.is_beyond()).then_some(value != 0)
    }

    #[inline]
    fn execute<S: Sight>(&self, machine: &mut Machine<'_, S>) -> u32 {
        let mut next = 0;
        while let Some(instruction) = self.0.get(next) {
            match machine.step(*instruction) {
                Step::On(over) => next += 1 + over,
                Step::End(value) => return value,
            }
        }
        0
    }
}

fn instruction(code: &[[u32; 4]], place: usize) -> Result<Instruction, String> {
    let left = code.len() - place - 1;
    let instruction = Instruction::new(code[place])
        .ok_or_else(|| format!("instruction {place} has a value too large for its field"))?;
    let unended = (left == 0 && !instruction.ends()).then_some("is the last and returns nothing");
    match instruction.fault(left).or(unended) {
        Some(fault) => Err(format!("instruction {place} {fault}")),
        None => Ok(instruction),
    }
}
