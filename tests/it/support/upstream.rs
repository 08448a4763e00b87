// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Small HTTP servers of the test's own, behind or beside the gateway.

use std::{
    net::Ipv4Addr,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// A request as it arrived.
#[derive(Clone, Debug)]
pub struct Request {
    /// `GET /path HTTP/1.1`.
    pub line: String,
    /// Names in lower case, values as they came.
    pub headers: Vec<(String, String)>,
}

impl Request {
    /// Every value of a header.
    pub fn header(&self, name: &str) -> Vec<&str> {
        self.headers.iter().filter(|(n, _)| n == name).map(|(_, v)| v.as_str()).collect()
    }
}

/// A server that notes every request; it ends when dropped.
pub struct Upstream {
    /// Where it listens on 127.0.0.1.
    pub port: u16,
    seen: Arc<Mutex<Vec<Request>>>,
    task: JoinHandle<()>,
}

impl Upstream {
    /// Answers each request with what `answer` gives: status line and headers without length, and a body.
    pub async fn start(answer: impl Fn(&Request) -> (String, String) + Send + Sync + 'static) -> Self {
        Self::start_at(0, answer).await
    }

    /// The same at a port.
    pub async fn start_at(port: u16, answer: impl Fn(&Request) -> (String, String) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (noted, answer) = (seen.clone(), Arc::new(answer));
        let task = tokio::spawn(async move {
            let mut served = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (noted, answer) = (noted.clone(), answer.clone());
                served.spawn(async move {
                    // A client that goes away ends the connection, not the test.
                    let _ = serve(stream, &noted, answer.as_ref()).await;
                });
            }
        });
        Self { port, seen, task }
    }

    /// One that says the same to everybody.
    pub async fn saying(text: &'static str) -> Self {
        Self::start(move |_| ("200 OK\r\nContent-Type: text/html; charset=utf-8".into(), text.into())).await
    }

    /// Every request so far.
    pub fn requests(&self) -> Vec<Request> {
        self.seen.lock().unwrap().clone()
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(
    stream: TcpStream,
    seen: &Mutex<Vec<Request>>,
    answer: &(dyn Fn(&Request) -> (String, String) + Send + Sync),
) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let mut request = Request { line: line.trim().to_owned(), headers: vec![] };
        loop {
            let mut header = String::new();
            stream.read_line(&mut header).await?;
            let Some((name, value)) = header.trim().split_once(':') else { break };
            request.headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let length = request.header("content-length").first().and_then(|v| v.parse().ok()).unwrap_or(0);
        stream.read_exact(&mut vec![0; length]).await?;
        seen.lock().unwrap().push(request.clone());
        let (head, body) = answer(&request);
        let text = format!("HTTP/1.1 {head}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        stream.write_all(text.as_bytes()).await?;
    }
}
