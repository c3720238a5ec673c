//! What the CPU is and which vector instructions it has.

use std::thread::available_parallelism;

use super::{DeviceChoice, DeviceInfo};

pub(super) fn cpu() -> DeviceInfo {
    DeviceInfo {
        device: DeviceChoice::Cpu,
        name: name(),
        threads: Some(available_parallelism().map_or(1, |n| n.get())),
        memory_total: None,
        memory_free: None,
        compute_capability: None,
        features: features(),
    }
}

#[cfg(target_arch = "x86_64")]
fn name() -> Option<String> {
    let brand = raw_cpuid::CpuId::new().get_processor_brand_string()?;
    Some(brand.as_str().trim().to_owned()).filter(|name| !name.is_empty())
}

#[cfg(not(target_arch = "x86_64"))]
fn name() -> Option<String> {
    None
}

#[cfg(target_arch = "x86_64")]
fn features() -> Vec<&'static str> {
    // The standard library asks both the processor and whether the system keeps its registers.
    let vectors = [
        ("avx2", is_x86_feature_detected!("avx2")),
        ("fma", is_x86_feature_detected!("fma")),
        ("f16c", is_x86_feature_detected!("f16c")),
        ("avx_vnni", is_x86_feature_detected!("avxvnni")),
        ("avx512f", is_x86_feature_detected!("avx512f")),
        ("avx512bw", is_x86_feature_detected!("avx512bw")),
        ("avx512vl", is_x86_feature_detected!("avx512vl")),
        ("avx512_vnni", is_x86_feature_detected!("avx512vnni")),
        ("avx512_bf16", is_x86_feature_detected!("avx512bf16")),
        ("avx512_fp16", is_x86_feature_detected!("avx512fp16")),
    ];
    // Of the matrix unit only what the processor reports: whether a process may use it, it has to ask the system.
    let matrices = raw_cpuid::CpuId::new()
        .get_extended_feature_info()
        .map_or([false; 3], |info| [info.has_amx_tile(), info.has_amx_int8(), info.has_amx_bf16()]);
    let matrices = ["amx_tile", "amx_int8", "amx_bf16"].into_iter().zip(matrices);
    vectors.into_iter().chain(matrices).filter_map(|(name, there)| there.then_some(name)).collect()
}

#[cfg(target_arch = "aarch64")]
fn features() -> Vec<&'static str> {
    use std::arch::is_aarch64_feature_detected;
    [
        ("neon", is_aarch64_feature_detected!("neon")),
        ("dotprod", is_aarch64_feature_detected!("dotprod")),
        ("fp16", is_aarch64_feature_detected!("fp16")),
        ("bf16", is_aarch64_feature_detected!("bf16")),
        ("i8mm", is_aarch64_feature_detected!("i8mm")),
        ("sve", is_aarch64_feature_detected!("sve")),
    ]
    .into_iter()
    .filter_map(|(name, there)| there.then_some(name))
    .collect()
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn features() -> Vec<&'static str> {
    Vec::new()
}
