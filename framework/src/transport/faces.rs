use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::dispatch::HttpRules;
use crate::json::{Defaults, Enums, FieldNames, Int64, Options, Unknown};

/// The section `server.http`: what calls over HTTP may be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct HttpSettings {
    /// From how many bytes on an answer is compressed for callers that read gzip or zstd
    /// (`accept-encoding`); default 1024, and none compresses nothing.
    ///
    /// Compressing costs some 20 µs of CPU for 10 KiB. Raise it, or switch it off, where all callers
    /// are near.
    pub compress_from: Option<usize>,
    /// Whether a query or a form with a field that the method does not have is refused (400); default
    /// false, as in Kratos: it is left out.
    ///
    /// Set it to find misspelt names. Links that others add names of their own to, such as `utm_source`,
    /// fail then.
    pub strict_query: bool,
    /// Whether a method whose body is the whole message (`body: "*"`) reads the query too, over what
    /// the body says; default false, as `google/api/http.proto` and Kratos 3 have it.
    ///
    /// Set it while callers come over from Kratos 2, which does.
    pub query_over_body: bool,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self { compress_from: Some(1024), strict_query: false, query_over_body: false }
    }
}

impl HttpSettings {
    pub(super) fn rules(&self) -> HttpRules {
        HttpRules {
            compress_from: self.compress_from.unwrap_or(usize::MAX),
            strict_query: self.strict_query,
            query_over_body: self.query_over_body,
        }
    }
}

/// The section `server.json`: how messages look as JSON, on every face that writes it.
///
/// What is not set is as the proto of a service says (`bia.options`), and else as Kratos has it: all
/// values are written, by the names of JSON, with enums by name and integers of 64 bits as text, and
/// what is unknown is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct JsonSettings {
    /// What is written of fields that are not set: `omitted` is nothing, `written` the values of numbers,
    /// texts, enums, lists and maps, and `null` these, and `null` for messages. Default: not set, which
    /// comes to `null`.
    ///
    /// `omitted` makes answers smaller, for callers that know the defaults.
    pub defaults: Option<WriteDefaults>,
    /// Whether fields are called as in the proto, `created_at`; default: not set, which comes to false.
    ///
    /// Both names are read, whatever is set.
    pub proto_names: Option<bool>,
    /// Whether enums are written as numbers; default: not set, which comes to false.
    pub enum_numbers: Option<bool>,
    /// Whether integers of 64 bits are written as numbers; default: not set, which comes to false.
    ///
    /// JavaScript rounds those beyond 2^53.
    pub int64_numbers: Option<bool>,
    /// Whether fields and names of enums that the proto does not have are refused (400); default: not
    /// set, which comes to false.
    ///
    /// Set it to find misspelt names. A caller that is newer than the service fails then.
    pub refuse_unknown: Option<bool>,
}

/// What is written of fields that are not set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum WriteDefaults {
    /// Nothing.
    Omitted,
    /// Numbers, texts, enums, lists and maps.
    Written,
    /// The same, and `null` for messages.
    Null,
}

impl JsonSettings {
    /// `options` with what is set here.
    pub(crate) fn over(&self, mut options: Options) -> Options {
        if let Some(defaults) = self.defaults {
            options.defaults = match defaults {
                WriteDefaults::Omitted => Defaults::Omitted,
                WriteDefaults::Written => Defaults::Written,
                WriteDefaults::Null => Defaults::WrittenWithNull,
            };
        }
        if let Some(proto) = self.proto_names {
            options.names = if proto { FieldNames::Proto } else { FieldNames::Json };
        }
        if let Some(numbers) = self.enum_numbers {
            options.enums = if numbers { Enums::Numbers } else { Enums::Names };
        }
        if let Some(numbers) = self.int64_numbers {
            options.int64 = if numbers { Int64::Numbers } else { Int64::Texts };
        }
        if let Some(refused) = self.refuse_unknown {
            options.unknown = if refused { Unknown::Refused } else { Unknown::Ignored };
        }
        options
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_set_wins_and_the_rest_is_as_the_proto_says() {
        let proto = Options::default().with_enums(Enums::Numbers).with_names(FieldNames::Proto);
        let settings: JsonSettings =
            serde_json::from_str(r#"{"defaults": "omitted", "proto_names": false}"#).unwrap();
        let options = settings.over(proto);
        assert_eq!(options.defaults, Defaults::Omitted);
        assert_eq!(options.names, FieldNames::Json);
        assert_eq!(options.enums, Enums::Numbers);
        assert_eq!(JsonSettings::default().over(proto), proto);
    }
}
