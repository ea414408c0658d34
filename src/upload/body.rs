//! Bodies: record lines joined into one JSON object, never over the limit.

use std::borrow::Cow;
use std::collections::BTreeMap;

use bytes::Bytes;

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

    /// The body of these lines.
    pub(super) fn build<'a>(
        &self,
        lines: impl Iterator<Item = &'a Bytes>,
        spelling: Spelling,
    ) -> Bytes {
        self.join(lines.cloned().collect(), spelling).1
    }

    /// The body of these lines, and the lines as parts of it, so that they are
    /// in memory once. A line that the body spells otherwise stays as it is.
    pub(super) fn join(&self, mut lines: Vec<Bytes>, spelling: Spelling) -> (Vec<Bytes>, Bytes) {
        let size: usize = lines.iter().map(|line| BodyBuilder::cost(line)).sum();
        let mut body = Vec::with_capacity(self.overhead() + size);
        let mut parts = Vec::with_capacity(lines.len());
        body.extend_from_slice(HEAD);
        for (index, line) in lines.iter().enumerate() {
            if index > 0 {
                body.push(b',');
            }
            let start = body.len();
            let spelled = wire::respell(line, spelling);
            body.extend_from_slice(&spelled);
            parts.push(matches!(spelled, Cow::Borrowed(_)).then_some(start..body.len()));
        }
        body.extend_from_slice(&self.tail);
        let body = Bytes::from(body);
        for (line, part) in lines.iter_mut().zip(parts) {
            if let Some(part) = part {
                *line = body.slice(part);
            }
        }
        (lines, body)
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
        let lines = lines.map(Bytes::from_static);
        let body = |spelling| {
            let (same, body) = builder.join(lines.to_vec(), spelling);
            assert_eq!(same, lines);
            String::from_utf8(body.to_vec()).unwrap()
        };
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
        let lines = vec![Bytes::from_static(line); 5];
        let body = builder.build(lines.iter(), Spelling::Snake);
        assert!(body.len() <= builder.overhead() + 5 * BodyBuilder::cost(line));
    }
}
