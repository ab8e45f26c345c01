//! The Python face: messages only. Structs travel as MessagePack, one call per message; what they
//! mean is said in `media/plane_native.py` and `twinhall_core::model`.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use pyo3::exceptions::{PyBufferError, PyOSError, PyTimeoutError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use twinhall_core::model::Command;
use twinhall_net::Running;

type Address = (String, u16);

/// One thread with its sockets, sessions and media.
#[pyclass(frozen)]
struct Shard {
    running: Mutex<Option<Arc<Running>>>,
    #[pyo3(get)]
    addresses: Vec<Address>,
    #[pyo3(get)]
    events_fd: i32,
    #[pyo3(get)]
    gso: bool,
    #[pyo3(get)]
    library: &'static str,
    #[pyo3(get)]
    notes: Vec<String>,
}

#[pymethods]
impl Shard {
    #[new]
    fn new(py: Python<'_>, bind: Vec<Address>, listen: Vec<Address>) -> PyResult<Self> {
        let (bind, listen) = (numeric(&bind)?, numeric(&listen)?);
        let seed = getrandom::u64().map_err(|_| PyOSError::new_err("no randomness"))?;
        let running = py.detach(|| Running::open(&bind, &listen, seed)).map_err(os_error)?;
        Ok(Self {
            addresses: running.addresses.iter().map(|address| (address.ip().to_string(), address.port())).collect(),
            events_fd: running.events_fd(),
            gso: running.gso,
            library: running.library.name(),
            notes: running.notes.clone(),
            running: Mutex::new(Some(Arc::new(running))),
        })
    }

    fn command(&self, packed: &[u8]) -> PyResult<()> {
        let command: Command =
            rmp_serde::from_slice(packed).map_err(|wrong| PyValueError::new_err(wrong.to_string()))?;
        let told = self.with(|running| running.command(command));
        told.map_or(Ok(()), |told| told.map_err(|_| PyBufferError::new_err("the native plane takes no commands")))
    }

    fn events<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        packed(py, &self.with(Running::events).unwrap_or_default())
    }

    fn figures<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let figures = py.detach(|| self.with(Running::figures)).flatten();
        packed(py, &figures.ok_or_else(|| PyTimeoutError::new_err("the native plane does not answer"))?)
    }

    fn close(&self, py: Python<'_>) {
        py.detach(|| self.running.lock().map(|mut running| running.take()).ok());
    }
}

impl Shard {
    /// What `call` makes of the shard; `None` once it is closed. A call that waits holds up no other.
    fn with<T>(&self, call: impl FnOnce(&Running) -> T) -> Option<T> {
        let running = self.running.lock().ok()?.clone()?;
        Some(call(&running))
    }
}

fn numeric(addresses: &[Address]) -> PyResult<Vec<SocketAddr>> {
    let parsed = addresses.iter().map(|(host, port)| Ok((host.parse::<std::net::IpAddr>()?, *port).into()));
    parsed.collect::<Result<_, std::net::AddrParseError>>().map_err(|wrong| PyValueError::new_err(wrong.to_string()))
}

/// With the number and the words that Python's own sockets give.
fn os_error(error: io::Error) -> PyErr {
    match error.raw_os_error() {
        Some(number) => {
            let said = error.to_string();
            PyOSError::new_err((number, said.split(" (os error").next().unwrap_or_default().to_owned()))
        }
        None => PyOSError::new_err(error.to_string()),
    }
}

fn packed<'py>(py: Python<'py>, value: &impl serde::Serialize) -> PyResult<Bound<'py, PyBytes>> {
    let bytes = rmp_serde::to_vec_named(value).map_err(|wrong| PyValueError::new_err(wrong.to_string()))?;
    Ok(PyBytes::new(py, &bytes))
}

#[pymodule]
fn twinhall_native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Shard>()
}
