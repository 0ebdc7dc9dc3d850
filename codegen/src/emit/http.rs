//! How methods are called over HTTP, as data for the router.

use proc_macro2::TokenStream;
use quote::quote;

use crate::model::{HttpBody, HttpRule, JsonDefaults, JsonRules, Method, Segment, Service};

/// The bindings of a service, in the order of its methods.
pub(super) fn bindings(bia: &TokenStream, service: &Service) -> TokenStream {
    let bindings = told(service).map(|(place, _, rule)| binding(bia, place, rule));
    quote!(&[#(#bindings),*])
}

/// The first binding of a method among those of its service, if its proto says one.
pub(super) fn rule(service: &Service, method: &Method) -> TokenStream {
    match told(service).position(|(_, of, _)| std::ptr::eq(of, method)) {
        Some(place) => {
            let operations = &service.operations;
            quote!(#operations::HTTP.get(#place))
        }
        None => quote!(::core::option::Option::None),
    }
}

/// The rules that the proto tells, with the methods that they are of.
fn told(service: &Service) -> impl Iterator<Item = (usize, &Method, &HttpRule)> {
    let methods = service.methods.iter().enumerate();
    methods
        .flat_map(|(place, method)| method.http.iter().map(move |rule| (place, method, rule)))
        .filter(|(_, _, rule)| !rule.is_implied)
}

fn binding(bia: &TokenStream, method: usize, rule: &HttpRule) -> TokenStream {
    let HttpRule { verb, template, .. } = rule;
    let text = &template.text;
    let segments = template.segments.iter().map(|segment| match segment {
        Segment::Literal(text) => quote!(#bia::__codegen::Segment::Literal(#text)),
        Segment::One => quote!(#bia::__codegen::Segment::One),
        Segment::Rest => quote!(#bia::__codegen::Segment::Rest),
    });
    let suffix = match &template.verb {
        Some(verb) => quote!(::core::option::Option::Some(#verb)),
        None => quote!(::core::option::Option::None),
    };
    let variables = template.variables.iter().map(|variable| {
        let (field, from, to) = (&variable.field, variable.segments.start, variable.segments.end);
        quote!(#bia::__codegen::Variable { field: #field, from: #from, to: #to })
    });
    let field = |number: u32| quote!(#bia::__codegen::Part::Field(#number));
    let body = match &rule.body {
        HttpBody::None => quote!(#bia::__codegen::Part::None),
        HttpBody::Whole => quote!(#bia::__codegen::Part::Whole),
        HttpBody::Field(descriptor) => field(descriptor.number()),
    };
    let body_field = match &rule.body {
        HttpBody::None | HttpBody::Whole => quote!(::core::option::Option::None),
        HttpBody::Field(descriptor) => {
            let name = descriptor.name();
            quote!(::core::option::Option::Some(#name))
        }
    };
    let response = match &rule.response_body {
        Some(descriptor) => field(descriptor.number()),
        None => quote!(#bia::__codegen::Part::Whole),
    };
    quote! {
        #bia::__codegen::Binding {
            method: #method,
            verb: #verb,
            template: #text,
            segments: &[#(#segments),*],
            suffix: #suffix,
            variables: &[#(#variables),*],
            body: #body,
            body_field: #body_field,
            response: #response,
        }
    }
}

/// How the messages of methods look as JSON, where their protos say something of it.
pub(super) fn json(bia: &TokenStream, service: &Service) -> Option<TokenStream> {
    let told = service.methods.iter().enumerate().filter_map(|(place, method)| {
        let options = json_options(bia, &method.rules.json);
        (!options.is_empty()).then(|| quote!((#place, #bia::json::Options::new() #options)))
    });
    let told: Vec<_> = told.collect();
    (!told.is_empty()).then(|| quote!(.with_json(&[#(#told),*])))
}

fn json_options(bia: &TokenStream, rules: &JsonRules) -> TokenStream {
    let json = quote!(#bia::json);
    let defaults = rules.defaults.map(|defaults| {
        let defaults = match defaults {
            JsonDefaults::Omitted => quote!(Omitted),
            JsonDefaults::Written => quote!(Written),
            JsonDefaults::WrittenWithNull => quote!(WrittenWithNull),
        };
        quote!(.with_defaults(#json::Defaults::#defaults))
    });
    let choose = |rule: Option<bool>, yes: TokenStream, no: TokenStream| {
        rule.map(|rule| if rule { yes } else { no })
    };
    let names = choose(
        rules.proto_names,
        quote!(.with_names(#json::FieldNames::Proto)),
        quote!(.with_names(#json::FieldNames::Json)),
    );
    let enums = choose(
        rules.enum_numbers,
        quote!(.with_enums(#json::Enums::Numbers)),
        quote!(.with_enums(#json::Enums::Names)),
    );
    let int64 = choose(
        rules.int64_numbers,
        quote!(.with_int64(#json::Int64::Numbers)),
        quote!(.with_int64(#json::Int64::Texts)),
    );
    let unknown = choose(
        rules.refuse_unknown,
        quote!(.with_unknown(#json::Unknown::Refused)),
        quote!(.with_unknown(#json::Unknown::Ignored)),
    );
    quote!(#defaults #names #enums #int64 #unknown)
}
