//! The parameters of each discipline, as a config spells them.
use crate::time::{MILLISECOND, Nanos};
use serde::{Deserialize, Serialize};

/// A discipline by its name, with its parameters.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum AqmParams {
    /// A full queue refuses the arriving packet.
    Droptail {},
    /// A full queue drops its oldest packets.
    Drophead {},
    /// Random early detection.
    Red(RedParams),
    /// RFC 8289.
    Codel(CodelParams),
    /// RFC 8290.
    FqCodel(FqCodelParams),
    /// RFC 8033.
    Pie(PieParams),
}

impl Default for AqmParams {
    fn default() -> Self {
        Self::Droptail {}
    }
}

/// Random early detection (Floyd and Jacobson 1993).
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RedParams {
    /// Bytes of average queue where drops begin.
    pub min: u64,
    /// Bytes of average queue where every packet is dropped.
    pub max: u64,
    /// Probability of a drop where the average reaches `max`.
    #[serde(default = "red_probability")]
    pub probability: f64,
    /// Weight of a new sample in the average.
    #[serde(default = "red_weight")]
    pub weight: f64,
}

/// CoDel; the defaults are those of RFC 8289.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct CodelParams {
    /// Acceptable standing delay.
    pub target_ns: Nanos,
    /// How long the delay must stay above it before a first drop.
    pub interval_ns: Nanos,
}

/// FQ-CoDel; the defaults are those of RFC 8290, section 5.2.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct FqCodelParams {
    /// Acceptable standing delay of a flow.
    pub target_ns: Nanos,
    /// How long the delay must stay above it before a first drop.
    pub interval_ns: Nanos,
    /// Number of queues that flows are hashed to.
    pub flows: u32,
    /// Bytes that a queue sends in a turn.
    pub quantum: u32,
}

/// PIE; the defaults are those of RFC 8033, sections 4 and 5.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct PieParams {
    /// Delay to hold the queue at: QDELAY_REF.
    pub target_ns: Nanos,
    /// Time between two updates of the probability: T_UPDATE.
    pub tupdate_ns: Nanos,
    /// Weight of the distance to the target, in Hz.
    pub alpha: f64,
    /// Weight of the delay's change, in Hz.
    pub beta: f64,
    /// Length of a burst that passes without drops: MAX_BURST.
    pub max_burst_ns: Nanos,
}

impl Default for CodelParams {
    fn default() -> Self {
        Self {
            target_ns: 5 * MILLISECOND,
            interval_ns: 100 * MILLISECOND,
        }
    }
}

impl Default for FqCodelParams {
    fn default() -> Self {
        Self {
            target_ns: 5 * MILLISECOND,
            interval_ns: 100 * MILLISECOND,
            flows: 1024,
            quantum: 1514,
        }
    }
}

impl Default for PieParams {
    fn default() -> Self {
        Self {
            target_ns: 15 * MILLISECOND,
            tupdate_ns: 15 * MILLISECOND,
            alpha: 0.125,
            beta: 1.25,
            max_burst_ns: 150 * MILLISECOND,
        }
    }
}

fn red_probability() -> f64 {
    0.02
}

fn red_weight() -> f64 {
    0.002
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<AqmParams, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_absent_has_its_default() {
        let pie = AqmParams::Pie(PieParams::default());
        assert_eq!(read(r#"{"kind":"pie"}"#), Ok(pie));
        let codel = CodelParams {
            target_ns: 1,
            ..CodelParams::default()
        };
        let json = r#"{"kind":"codel","target_ns":1}"#;
        assert_eq!(read(json), Ok(AqmParams::Codel(codel)));
        let red = RedParams {
            min: 5,
            max: 9,
            probability: 0.02,
            weight: 0.002,
        };
        let json = r#"{"kind":"red","min":5,"max":9}"#;
        assert_eq!(read(json), Ok(AqmParams::Red(red)));
        assert_eq!(read(r#"{"kind":"droptail"}"#), Ok(AqmParams::default()));
    }

    #[test]
    fn what_is_unknown_is_refused() {
        for json in [
            r#"{"kind":"droptail","min":1}"#,
            r#"{"kind":"fq_codel","flow":1}"#,
            r#"{"kind":"red","max":1}"#,
            r#"{"kind":"blue"}"#,
        ] {
            assert!(read(json).is_err(), "{json}");
        }
    }

    #[test]
    fn what_is_written_reads_back() {
        for kind in ["droptail", "drophead", "codel", "fq_codel", "pie"] {
            let params = read(&format!(r#"{{"kind":"{kind}"}}"#)).unwrap();
            assert_eq!(read(&serde_json::to_string(&params).unwrap()), Ok(params));
        }
    }
}
