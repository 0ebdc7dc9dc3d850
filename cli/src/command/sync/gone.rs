//! Implementations of services that no proto has any more.

use syn::{FnArg, Type};

use crate::project::Member;
use crate::splice::{Crate, Meaning, Path};

use super::finding::{Finding, Kind};
use super::implementation::Implementation;
use super::{Tree, nearest::nearest};

/// The path of the trait, from the root of the crate, if it was certainly one of a service and there
/// is no such thing any more. What may come from elsewhere is taken for right.
pub(super) fn path(it: &Implementation<'_>, own: &Crate, member: &Member) -> Option<Path> {
    let (bang, path, _) = it.item.trait_.as_ref()?;
    let is_choice = it.item.attrs.iter().any(|it| it.path().is_ident("cfg"));
    if bang.is_some() || path.leading_colon.is_some() || is_choice || !own.places_protos() {
        return None;
    }
    // No other trait has methods like these.
    if !it.methods().any(|(_, method)| is_handler(&method.sig)) {
        return None;
    }
    let names: Path = path.segments.iter().map(|it| it.ident.to_string()).collect();
    match own.meaning(&it.module, &names, true) {
        Meaning::Own(path) => own.lacks(&path).then_some(path),
        Meaning::Other(path) => {
            let first = path.first().filter(|_| path.len() > 1)?;
            let is_crate = ["std", "core", "alloc"].contains(&first.as_str())
                || member.crates.iter().any(|it| it == first);
            // Named as it is, it would be in the module that it is named in.
            let is_here = path == names && !own.lacks(&[&it.module[..], &path].concat());
            (!is_crate && !is_here && own.lacks(&path)).then_some(path)
        }
    }
}

/// Whether a method takes what all methods of services take: itself, a context, and the request.
fn is_handler(signature: &syn::Signature) -> bool {
    let mut inputs = signature.inputs.iter();
    let (Some(FnArg::Receiver(_)), Some(FnArg::Typed(context)), Some(_), None) =
        (inputs.next(), inputs.next(), inputs.next(), inputs.next())
    else {
        return false;
    };
    let Type::Reference(context) = &*context.ty else { return false };
    matches!(&*context.elem, Type::Path(it)
        if it.path.segments.last().is_some_and(|last| last.ident == "Context"))
}

/// What is told of one; `missing` are the services without an implementation, by their full names.
pub(super) fn finding(
    it: &Implementation<'_>,
    path: &[String],
    tree: &Tree,
    member: &Member,
    missing: &[String],
) -> Finding {
    let source = &tree.files[it.file].source;
    let service = tree.own.in_protos(path);
    Finding {
        kind: Kind::Gone,
        member: member.name.clone(),
        method: None,
        file: source.path.clone(),
        line: source.line(it.item.impl_token.span),
        expected: None,
        renamed_to: renamed(&service, missing).map(str::to_owned),
        service,
    }
}

/// What a service may be called now: the same in another package, the only one there is, or one
/// that is called much like it.
fn renamed<'a>(service: &str, missing: &'a [String]) -> Option<&'a str> {
    let name = |it: &str| it.rsplit('.').next().unwrap_or_default().to_owned();
    let same = missing.iter().find(|it| name(it) == name(service));
    let only = || if let [only] = missing { Some(only) } else { None };
    same.or_else(only)
        .map(String::as_str)
        .or_else(|| nearest(service, missing.iter().map(String::as_str)))
}
