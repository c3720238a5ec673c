//! Where the user's own files lie: the history in the state folder, the rc file in the configuration folder.

use std::path::PathBuf;

use etcetera::base_strategy::{BaseStrategy, Xdg};

/// `$XDG_STATE_HOME/glotrace/history`, by default `~/.local/state/glotrace/history`; its folder is made.
/// `None` where there is no home: then the history lasts as long as the process.
pub fn history() -> Option<PathBuf> {
    let folder = Xdg::new().ok()?.state_dir()?.join("glotrace");
    make_private(&folder).ok()?;
    Some(folder.join("history"))
}

/// `$XDG_CONFIG_HOME/glotrace/rc.sql`, by default `~/.config/glotrace/rc.sql`, where it exists.
pub fn rc() -> Option<PathBuf> {
    let file = Xdg::new().ok()?.config_dir().join("glotrace").join("rc.sql");
    file.is_file().then_some(file)
}

/// What was typed may hold keys: only its owner may read the folder.
fn make_private(folder: &std::path::Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}
