//! Snapshots: what every app and link has counted, as of one breath.
use crate::engine::Engine;
use serde_json::{Map, Value, json};

impl Engine {
    /// Everything counted so far, consistent as of the last breath.
    #[must_use]
    pub fn statistics(&self) -> Value {
        json!({
            "time_ns": self.now,
            "breaths": self.breaths,
            "generation": self.generation,
            "packets_lent": self.pool.lent(),
            "pool_bytes": self.pool.bytes(),
            "packets_refused": self.pool.refused(),
            "links": self.link_counters(),
            "apps": self.app_counters(),
        })
    }

    /// What an app has written down over time; nothing where there is no such app, or it does not.
    #[must_use]
    pub fn series(&self, app: &str) -> Option<Value> {
        self.graph.app(app)?.series()
    }

    fn link_counters(&self) -> Map<String, Value> {
        let named = self.graph.specs.iter().zip(&self.graph.links);
        named
            .map(|(spec, link)| (spec.to_string(), json!(link.counters())))
            .collect()
    }

    fn app_counters(&self) -> Map<String, Value> {
        let named = self.graph.names.iter().zip(&self.graph.slots);
        let counted = named.map(|(name, slot)| {
            let mut counters = Map::new();
            counters.insert("kind".into(), slot.app.kind().into());
            slot.app.count(self.now, &mut counters);
            (name.clone(), counters.into())
        });
        counted.collect()
    }
}
