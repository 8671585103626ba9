//! A tunnel as Python has it: strangers who have called, and peers that come and go.
use crate::{call, errors, keys, numbers};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use std::sync::Arc;
use usernet_core::action::wipe_config;
use usernet_core::app::AppError;
use usernet_core::apps::wireguard::WireGuard;
use usernet_core::engine::HostKey;
use usernet_core::packet::Pool;
use usernet_core::stack::SocketId;
use usernet_core::time::Nanos;
use usernet_os::Run;

/// A tunnel of an engine.
#[pyclass(frozen, module = "usernet._core")]
pub(crate) struct Tunnel {
    run: Arc<Run>,
    host: HostKey,
    #[pyo3(get)]
    key: u64,
}

impl Tunnel {
    /// The tunnel of that name.
    pub(crate) fn find(py: Python<'_>, run: &Arc<Run>, name: &str) -> PyResult<Self> {
        let missing = || errors::raise(AppError::config(format!("there is no tunnel {name}")));
        let host = call::with(py, run, |engine| engine.tunnel_key(name))?;
        let host = host.ok_or_else(missing)?;
        Ok(Self {
            run: Arc::clone(run),
            host,
            key: numbers::key(host, SocketId::APP).ok_or_else(missing)?,
        })
    }

    fn ask<R: Send>(
        &self,
        py: Python<'_>,
        work: impl FnOnce(&mut WireGuard, &mut Pool, Nanos) -> R + Send,
    ) -> PyResult<R> {
        let done = call::with(py, &self.run, |engine| engine.with_tunnel(self.host, work))?;
        done.ok_or_else(|| errors::raise(AppError::config("the tunnel has stopped")))
    }
}

#[pymethods]
impl Tunnel {
    fn strangers<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyBytes>>> {
        let keys = self.ask(py, |tunnel, _, _| tunnel.take_strangers())?;
        Ok(keys.iter().map(|key| PyBytes::new(py, &key.0)).collect())
    }

    fn refuse(&self, py: Python<'_>, public_key: &[u8]) -> PyResult<()> {
        let key = keys::public(public_key)?;
        self.ask(py, |tunnel, _, _| tunnel.refuse_stranger(&key))
    }

    fn set_peer(&self, py: Python<'_>, peer: &str) -> PyResult<()> {
        // What is wrong with it is not said: it holds a secret.
        let mut peer = serde_json::from_str(peer)
            .map_err(|_| errors::raise(AppError::config("a peer that is not JSON")))?;
        let set = self.ask(py, |tunnel, pool, now| tunnel.set_peer(&peer, pool, now));
        wipe_config(&mut peer);
        set?.map_err(errors::raise)
    }

    fn remove_peer(&self, py: Python<'_>, public_key: &[u8]) -> PyResult<bool> {
        let key = keys::public(public_key)?;
        self.ask(py, |tunnel, pool, now| tunnel.remove_peer(&key, pool, now))
    }
}
