// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Server-sent events, put together from the pieces that arrive. Pure.

/// One event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event {
    /// Its kind; `message` where the stream names none.
    pub kind: String,
    /// Its data.
    pub data: String,
    /// Its id, where it has one.
    pub id: Option<String>,
}

/// Bytes in, events out.
#[derive(Debug, Default)]
pub struct Parser {
    rest: Vec<u8>,
    event: Event,
    has_data: bool,
}

impl Parser {
    /// More than any event of Flotta is long.
    const LONGEST: usize = 4 * 1024 * 1024;

    /// Takes the next piece and gives the events that are complete now.
    ///
    /// # Errors
    /// When a line or an event has no end in sight.
    pub fn push(&mut self, piece: &[u8]) -> Result<Vec<Event>, &'static str> {
        self.rest.extend_from_slice(piece);
        let mut events = Vec::new();
        while let Some(end) = self.rest.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.rest.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line);
            events.extend(self.line(line.trim_end_matches(['\n', '\r'])));
        }
        if self.rest.len() + self.event.data.len() > Self::LONGEST {
            return Err("the event stream holds an event without end");
        }
        Ok(events)
    }

    fn line(&mut self, line: &str) -> Option<Event> {
        if line.is_empty() {
            let event = std::mem::take(&mut self.event);
            let complete = std::mem::take(&mut self.has_data);
            return complete.then(|| Event { kind: if event.kind.is_empty() { "message".to_owned() } else { event.kind }, ..event });
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.event.kind),
            "id" => self.event.id = Some(value.to_owned()),
            "data" => {
                if self.has_data {
                    self.event.data.push('\n');
                }
                self.event.data.push_str(value);
                self.has_data = true;
            }
            // Comments keep the connection awake; other fields are for browsers.
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const STREAM: &str = ": hello\n\nid: 1\nevent: step\ndata: {\"a\":\ndata: \"å\"}\n\nid: 2\r\nevent:end\r\ndata:x\r\n\r\ndata: cut";

    fn expected() -> Vec<Event> {
        vec![
            Event { kind: "step".into(), data: "{\"a\":\n\"å\"}".into(), id: Some("1".into()) },
            Event { kind: "end".into(), data: "x".into(), id: Some("2".into()) },
        ]
    }

    proptest! {
        #[test]
        fn it_does_not_matter_where_the_pieces_are_cut(mut cuts in prop::collection::vec(0..STREAM.len(), 0..20)) {
            cuts.sort_unstable();
            let mut parser = Parser::default();
            let mut events = Vec::new();
            let mut from = 0;
            for cut in cuts.into_iter().chain([STREAM.len()]) {
                events.extend(parser.push(&STREAM.as_bytes()[from..cut]).unwrap());
                from = cut;
            }
            prop_assert_eq!(events, expected());
        }
    }

    #[test]
    fn an_event_without_end_is_refused() {
        let mut parser = Parser::default();
        assert!((0..6).any(|_| parser.push(&vec![b'x'; 1024 * 1024]).is_err()));
    }
}
