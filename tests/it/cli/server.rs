// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! A server of a few lines that answers as a test tells it, and remembers what it was asked. It can cut a stream anywhere.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
};

/// One request as it came.
#[derive(Clone, Debug)]
pub struct Asked {
    pub method: String,
    /// With the query.
    pub path: String,
    /// Names in lower case.
    pub headers: BTreeMap<String, String>,
    pub body: String,
}

impl Asked {
    pub fn line(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// An answer; the connection is closed after it.
pub struct Reply {
    pub status: u16,
    pub kind: &'static str,
    pub body: String,
    /// Keeps the connection open for so long after the body.
    pub linger: std::time::Duration,
}

pub fn json(status: u16, body: &str) -> Reply {
    let kind = if status < 400 { "application/json" } else { "application/problem+json" };
    Reply { status, kind, body: body.to_owned(), linger: std::time::Duration::ZERO }
}

pub fn stream(body: &str) -> Reply {
    Reply { status: 200, kind: "text/event-stream", body: body.to_owned(), linger: std::time::Duration::ZERO }
}

pub struct Server {
    pub url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Server {
    /// Answers each request by what the function makes of it and of the number of equal ones before it.
    pub fn start(answer: impl Fn(&Asked, usize) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::<Mutex<Vec<Asked>>>::default();
        let seen = asked.clone();
        let answer = Arc::new(answer);
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let (seen, answer) = (seen.clone(), answer.clone());
                std::thread::spawn(move || serve(connection, &seen, &*answer));
            }
        });
        Self { url, asked }
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    pub fn lines(&self) -> Vec<String> {
        self.asked().iter().map(Asked::line).collect()
    }
}

fn serve(connection: TcpStream, seen: &Mutex<Vec<Asked>>, answer: &dyn Fn(&Asked, usize) -> Reply) {
    let mut reader = BufReader::new(connection.try_clone().unwrap());
    let Some(asked) = read(&mut reader) else { return };
    let before = {
        let mut seen = seen.lock().unwrap();
        let before = seen.iter().filter(|other| other.line() == asked.line()).count();
        seen.push(asked.clone());
        before
    };
    let reply = answer(&asked, before);
    let mut out = connection;
    let head = format!("HTTP/1.1 {} X\r\ncontent-type: {}\r\nconnection: close\r\n\r\n", reply.status, reply.kind);
    let _gone = out.write_all(head.as_bytes()).and_then(|()| out.write_all(reply.body.as_bytes())).and_then(|()| out.flush());
    std::thread::sleep(reply.linger);
}

fn read(reader: &mut BufReader<TcpStream>) -> Option<Asked> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
    let mut words = line.split_whitespace().map(str::to_owned);
    let (method, path) = (words.next()?, words.next()?);
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length = headers.get("content-length").and_then(|l| l.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Asked { method, path, headers, body: String::from_utf8(body).ok()? })
}
