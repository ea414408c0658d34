//! Bodies: record lines joined into one JSON object, never over the limit.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::wire::{self, Spelling};

/// What stands before the first record.
const HEAD: &[u8] = b"{\"logs\":[";

/// What a payload says about the app and the device, as OpenTelemetry resource
/// attributes. Values are texts, as the deployed backend takes no others.
pub type Resource = BTreeMap<String, String>;

/// Builds request bodies of one resource.
#[derive(Clone, Debug)]
pub(super) struct BodyBuilder {
    tail: Vec<u8>,
}

impl BodyBuilder {
    pub(super) fn new(resource: &Resource) -> BodyBuilder {
        // A map of texts has no way to fail.
        let resource = serde_json::to_string(resource).unwrap_or_else(|_| "{}".to_owned());
        BodyBuilder {
            tail: format!("],\"resource\":{resource}}}").into_bytes(),
        }
    }

    /// How many bytes a body has besides its records.
    pub(super) fn overhead(&self) -> usize {
        HEAD.len() + self.tail.len()
    }

    /// How many bytes a record takes in a body at the most, in any spelling.
    pub(super) fn cost(line: &[u8]) -> usize {
        line.len() + 1 + wire::MAX_GROWTH
    }

    pub(super) fn build<'a>(
        &self,
        lines: impl Iterator<Item = &'a [u8]>,
        spelling: Spelling,
    ) -> Vec<u8> {
        let lines: Vec<Cow<'_, [u8]>> = lines.map(|line| wire::respell(line, spelling)).collect();
        let size: usize = lines.iter().map(|line| line.len() + 1).sum();
        let mut body = Vec::with_capacity(self.overhead() + size);
        body.extend_from_slice(HEAD);
        for (index, line) in lines.iter().enumerate() {
            if index > 0 {
                body.push(b',');
            }
            body.extend_from_slice(line);
        }
        body.extend_from_slice(&self.tail);
        body
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_joined_as_they_stand() {
        let resource = Resource::from([("service.name".to_owned(), "a \"b\"".to_owned())]);
        let builder = BodyBuilder::new(&resource);
        let lines: [&[u8]; 2] = [br#"{"n": 1.10}"#, br#"{"installId":"i"}"#];
        let body =
            |spelling| String::from_utf8(builder.build(lines.into_iter(), spelling)).unwrap();
        assert_eq!(
            body(Spelling::Camel),
            r#"{"logs":[{"n": 1.10},{"installId":"i"}],"resource":{"service.name":"a \"b\""}}"#
        );
        assert!(body(Spelling::Snake).contains(r#"{"install_id":"i"}"#));
    }

    #[test]
    fn cost_and_overhead_bound_the_size() {
        let builder = BodyBuilder::new(&Resource::new());
        let line = br#"{"installId":1,"sessionId":1,"userId":1,"recordId":1,"spanId":1,"traceId":1,"stackTrace":1,"activeRun":1,"screenshotId":1}"#;
        let lines = [&line[..]; 5];
        let body = builder.build(lines.into_iter(), Spelling::Snake);
        assert!(body.len() <= builder.overhead() + 5 * BodyBuilder::cost(line));
    }
}
