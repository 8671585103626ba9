//! Tap: an interface whose Ethernet frames go through the graph. Ports: `tx` gets what the kernel
//! sends into the interface, what reaches `rx` the kernel receives from it.
use crate::device::{Device, Layer, Spec};
use usernet_core::app::AppError;

/// Attaches to a TAP device, or makes one.
///
/// # Errors
/// The interface is of another type or in use, or the privilege is missing.
pub fn open(spec: Spec) -> Result<Device, AppError> {
    Device::open(spec, Layer::Ethernet)
}
