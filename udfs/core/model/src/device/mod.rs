//! The processors of this machine, and the choice of one.

mod cpu;
mod cuda;

use std::{fmt, str::FromStr};

use candle_core::Device;

use crate::{Error, Kind, Result};

/// What is known of one processor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceInfo {
    /// How an option names it: `cpu`, `cuda:0`.
    pub device: DeviceChoice,
    /// What its maker calls it, where it tells.
    pub name: Option<String>,
    /// Threads that run at once on a CPU, as far as this process may use them; `None` for a GPU.
    pub threads: Option<usize>,
    /// Memory of a GPU in bytes.
    pub memory_total: Option<u64>,
    /// Memory of a GPU that nobody uses, in bytes.
    pub memory_free: Option<u64>,
    /// Compute capability of an NVIDIA GPU, (9, 0) for an H100.
    pub compute_capability: Option<(u32, u32)>,
    /// Vector and matrix instructions of a CPU that matter here (`avx2`, `avx512_vnni`, `amx_int8`, `neon`, …).
    pub features: Vec<&'static str>,
}

/// The processors of this machine, the CPU first. A machine without NVIDIA's driver has no GPU, which is no error.
pub fn devices() -> Vec<DeviceInfo> {
    std::iter::once(cpu::cpu()).chain(cuda::gpus()).collect()
}

/// The processor that a model runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum DeviceChoice {
    /// The CPU.
    #[default]
    Cpu,
    /// The NVIDIA GPU of this number.
    Cuda(usize),
}

impl DeviceChoice {
    /// The device, ready for tensors.
    ///
    /// # Errors
    /// A GPU that is not there, or any GPU in a build without CUDA.
    pub fn open(self) -> Result<Device> {
        match self {
            Self::Cpu => Ok(Device::Cpu),
            Self::Cuda(i) => cuda::open(i),
        }
    }
}

impl FromStr for DeviceChoice {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let number = match text.split_once(':') {
            None if text == "cpu" => return Ok(Self::Cpu),
            None if text == "cuda" => Some(0),
            Some(("cuda", number)) => number.parse().ok(),
            _ => None,
        };
        number.map(Self::Cuda).ok_or_else(|| {
            Error::new(Kind::Parameter, format!("parameter device must be cpu or cuda:N, got '{text}'"))
                .with_hint("the first GPU is cuda:0")
        })
    }
}

impl fmt::Display for DeviceChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cpu => f.write_str("cpu"),
            Self::Cuda(i) => write!(f, "cuda:{i}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_reads_as_it_is_written() {
        for text in ["cpu", "cuda:0", "cuda:11"] {
            assert_eq!(text.parse::<DeviceChoice>().unwrap().to_string(), text);
        }
        assert_eq!("cuda".parse::<DeviceChoice>().unwrap(), DeviceChoice::Cuda(0));
        for text in ["", "gpu", "cuda:", "cuda:-1", "cpu:0", "CUDA:0"] {
            let error = text.parse::<DeviceChoice>().unwrap_err();
            assert_eq!(error.kind(), Kind::Parameter);
            assert!(error.message().ends_with(&format!("got '{text}'")), "{error}");
        }
    }

    #[test]
    fn the_first_device_is_the_cpu_and_gpus_follow_in_their_order() {
        let devices = devices();
        assert_eq!(devices[0].device, DeviceChoice::Cpu);
        assert!(devices[0].threads >= Some(1));
        for (i, gpu) in devices[1..].iter().enumerate() {
            assert_eq!(gpu.device, DeviceChoice::Cuda(i));
            assert!(gpu.memory_free <= gpu.memory_total && gpu.memory_total > Some(0));
        }
    }

    #[test]
    fn a_gpu_that_is_not_there_is_an_error_that_says_so() {
        let error = DeviceChoice::Cuda(1000).open().unwrap_err();
        assert!(error.message().starts_with("device cuda:1000 cannot be used"), "{error}");
        assert!(error.hint().is_some());
    }
}
