//! The shape and the ranges of the config.

use super::{AqmSpec, DistributionSpec, ImpairmentSpec, LossSpec};

fn parse(json: &str) -> Result<ImpairmentSpec, String> {
    let spec: ImpairmentSpec = serde_json::from_str(json).map_err(|e| e.to_string())?;
    spec.validate().map_err(|e| e.to_string())?;
    Ok(spec)
}

#[test]
fn everything_at_once_survives_a_round_trip() {
    let spec = parse(
        r#"{"delay":{"ns":40000000,"jitter_ns":5000000,"distribution":{"table":[-1,0,1]},
              "correlation":0.25,"allow_reordering":false},
            "loss":{"model":"gilbert_elliott","p":0.01,"r":0.2,"bad_loss":0.9,"good_loss":0},
            "duplicate":{"p":0.1,"correlation":0.2},"corrupt":{"p":0.1},
            "reorder":{"p":0.25,"correlation":0.5,"gap":5},
            "rate":{"bits_per_second":20000000,"overhead":-4,"cell":48,"cell_overhead":5},
            "queue":{"packets":100,"bytes":null,"ns":1000,"aqm":{"kind":"fq_codel",
              "target_ns":5,"interval_ns":100,"flows":1024,"quantum":1514}},
            "ecn":true,
            "slot":{"min_ns":1,"max_ns":2,"distribution":null,"packets":3},
            "policer":{"bits_per_second":1000,"burst":1500},
            "outage":{"down_ns":1,"period_ns":2,"offset_ns":3,"random":true},
            "down":false,"mtu":1280,"compat":"netem","limit":1000}"#,
    )
    .unwrap();
    assert_eq!(parse(&serde_json::to_string(&spec).unwrap()), Ok(spec));
}

#[test]
fn absent_and_null_mean_off() {
    let null = r#"{"delay":null,"loss":null,"queue":null,"ecn":null,"down":null,"mtu":null}"#;
    assert_eq!(parse(null), Ok(ImpairmentSpec::default()));
    assert_eq!(parse("{}"), Ok(ImpairmentSpec::default()));
}

#[test]
fn short_forms_take_the_definitions_defaults() {
    let spec =
        parse(r#"{"delay":{"ns":5},"loss":{"model":"state","p13":0.1,"p31":0.9},"queue":{}}"#)
            .unwrap();
    let delay = spec.delay.unwrap();
    assert_eq!((delay.jitter_ns, delay.correlation), (0, 0.0));
    assert_eq!(
        (delay.distribution, delay.allow_reordering),
        (DistributionSpec::Uniform, true)
    );
    let (p13, p31, p32, p23, p14) = (0.1, 0.9, 0.0, 1.0, 0.0);
    let state = LossSpec::State {
        p13,
        p31,
        p32,
        p23,
        p14,
    };
    assert_eq!(spec.loss, Some(state));
    assert_eq!(spec.queue.unwrap().aqm, AqmSpec::DropTail);
}

#[test]
fn unknown_keys_are_refused() {
    for json in [
        r#"{"dealy":null}"#,
        r#"{"delay":{"ns":1,"jiter_ns":2}}"#,
        r#"{"loss":{"model":"random","p":0.1,"r":0.2}}"#,
        r#"{"queue":{"aqm":{"kind":"codel","target_ns":1,"interval_ns":2,"flows":3}}}"#,
    ] {
        assert!(parse(json).unwrap_err().contains("unknown field"), "{json}");
    }
}

#[test]
fn impossible_values_name_their_key() {
    for (json, key) in [
        (r#"{"delay":{"ns":9007199254740993}}"#, "delay.ns"),
        (
            r#"{"delay":{"ns":1,"correlation":1.5}}"#,
            "delay.correlation",
        ),
        (
            r#"{"delay":{"ns":1,"distribution":{"table":[]}}}"#,
            "delay.distribution.table",
        ),
        (r#"{"loss":{"model":"random","p":-0.1}}"#, "loss.p"),
        (
            r#"{"loss":{"model":"state","p13":0.6,"p31":0.5,"p14":0.6}}"#,
            "loss.p14",
        ),
        (
            r#"{"loss":{"model":"state","p13":0.6,"p31":0.5,"p32":0.6}}"#,
            "loss.p32",
        ),
        (
            r#"{"loss":{"model":"gilbert_elliott","p":0.1,"r":2}}"#,
            "loss.r",
        ),
        (r#"{"duplicate":{"p":7}}"#, "duplicate.p"),
        (r#"{"reorder":{"p":0.5,"gap":0}}"#, "reorder.gap"),
        (r#"{"rate":{"bits_per_second":0}}"#, "rate.bits_per_second"),
        (
            r#"{"rate":{"bits_per_second":1,"cell":5,"cell_overhead":-5}}"#,
            "rate.cell_overhead",
        ),
        (
            r#"{"trace":{"opportunities_ms":[]}}"#,
            "trace.opportunities_ms",
        ),
        (
            r#"{"trace":{"opportunities_ms":[0]}}"#,
            "trace.opportunities_ms",
        ),
        (
            r#"{"trace":{"opportunities_ms":[2,1]}}"#,
            "trace.opportunities_ms",
        ),
        (r#"{"queue":{"packets":0}}"#, "queue.packets"),
        (
            r#"{"queue":{"aqm":{"kind":"red","min":5,"max":5,"probability":1,"weight":1}}}"#,
            "queue.aqm.max",
        ),
        (r#"{"slot":{"min_ns":2,"max_ns":1}}"#, "slot.max_ns"),
        (
            r#"{"policer":{"bits_per_second":1,"burst":0}}"#,
            "policer.burst",
        ),
        (
            r#"{"outage":{"down_ns":3,"period_ns":2}}"#,
            "outage.down_ns",
        ),
        (r#"{"mtu":67}"#, "mtu"),
        (r#"{"compat":"netem","limit":0}"#, "limit"),
        (
            r#"{"rate":{"bits_per_second":1},"trace":{"opportunities_ms":[1]}}"#,
            "trace",
        ),
    ] {
        let error = parse(json).unwrap_err();
        assert_eq!(error.split(": expected").next(), Some(key), "{json}");
    }
}

#[test]
fn long_tables_and_traces_are_refused() {
    let mut spec = parse(r#"{"delay":{"ns":1}}"#).unwrap();
    for (entries, accepted) in [(16_384, true), (16_385, false)] {
        let table = DistributionSpec::Table(vec![0; entries]);
        spec.delay.as_mut().unwrap().distribution = table;
        assert_eq!(spec.validate().is_ok(), accepted, "{entries}");
    }
}
