//! The `glotrace` command.

fn main() -> std::process::ExitCode {
    glotrace::cli::main()
}
