//! NVIDIA GPUs, through the driver's own library.
//!
//! Without feature `cuda` the library is looked for when it is asked for, so that one build runs on machines with and
//! without a GPU and lists those that there are. With it, candle computes on them.

use candle_core::Device;
use cudarc::driver::{CudaContext, DriverError};

use super::{DeviceChoice, DeviceInfo};
use crate::{Error, Kind, Result};

/// The GPUs that the driver knows; none where there is no driver.
pub(super) fn gpus() -> Vec<DeviceInfo> {
    if !driver_is_present() {
        return Vec::new();
    }
    let count = CudaContext::device_count().unwrap_or(0);
    // A GPU that does not answer (all its memory taken, say) is listed by its number alone.
    (0..usize::try_from(count).unwrap_or(0)).map(|i| gpu(i).unwrap_or_else(|_| unknown(i))).collect()
}

fn gpu(i: usize) -> std::result::Result<DeviceInfo, DriverError> {
    let context = CudaContext::new(i)?;
    let (major, minor) = context.compute_capability()?;
    let (free, total) = context.mem_get_info()?;
    Ok(DeviceInfo {
        name: Some(context.name()?),
        memory_total: Some(total as u64),
        memory_free: Some(free as u64),
        compute_capability: u32::try_from(major).ok().zip(u32::try_from(minor).ok()),
        ..unknown(i)
    })
}

fn unknown(i: usize) -> DeviceInfo {
    DeviceInfo {
        device: DeviceChoice::Cuda(i),
        name: None,
        threads: None,
        memory_total: None,
        memory_free: None,
        compute_capability: None,
        features: Vec::new(),
    }
}

/// Linked against the driver, it is there, or this program would not have started.
#[cfg(feature = "cuda")]
fn driver_is_present() -> bool {
    true
}

#[cfg(not(feature = "cuda"))]
#[expect(
    unsafe_code,
    reason = "cudarc panics where the driver's library is absent, and only this function asks first; \
    it opens a library, whose initializers could do anything: it is the one that every CUDA program opens"
)]
fn driver_is_present() -> bool {
    // SAFETY: opens and closes the driver's library, looked up by the system's rules, and calls nothing in it.
    unsafe { cudarc::driver::sys::is_culib_present() }
}

#[cfg(feature = "cuda")]
pub(super) fn open(i: usize) -> Result<Device> {
    Device::new_cuda(i).map_err(|e| {
        let reason = e.to_string();
        unusable(i, reason.lines().next().unwrap_or_default()).with_hint("system.devices lists what there is")
    })
}

#[cfg(not(feature = "cuda"))]
pub(super) fn open(i: usize) -> Result<Device> {
    Err(unusable(i, "this build computes on the CPU only").with_hint("build with the feature cuda, or take device cpu"))
}

fn unusable(i: usize, why: &str) -> Error {
    Error::new(Kind::Parameter, format!("device {} cannot be used: {why}", DeviceChoice::Cuda(i)))
}
