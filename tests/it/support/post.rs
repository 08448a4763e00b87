// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! Those who take messages in: a mail server and a hook, each on a port of its own on this host.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU16, Ordering},
    },
    time::SystemTime,
};

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

/// A request that a hook took in.
#[derive(Clone, Debug)]
pub struct Seen {
    pub path: String,
    pub headers: BTreeMap<String, String>,
    pub body: String,
    pub at: SystemTime,
}

/// A hook. It answers with `status`; 0 takes requests in and never answers.
#[derive(Clone)]
pub struct Hook {
    pub address: SocketAddr,
    pub status: Arc<AtomicU16>,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Hook {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let hook = Self { address: listener.local_addr().unwrap(), status: Arc::new(AtomicU16::new(204)), seen: Arc::default() };
        let own = hook.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(own.clone().take(stream));
            }
        });
        hook
    }

    /// The address of one of its paths.
    pub fn at(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    async fn take(self, stream: TcpStream) {
        let mut reader = BufReader::new(stream);
        let (mut line, mut headers) = (String::new(), BTreeMap::new());
        reader.read_line(&mut line).await.unwrap();
        let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
        loop {
            let mut field = String::new();
            reader.read_line(&mut field).await.unwrap();
            let Some((name, value)) = field.trim_end().split_once(": ") else { break };
            headers.insert(name.to_ascii_lowercase(), value.to_owned());
        }
        let mut body = vec![0; headers.get("content-length").and_then(|n| n.parse().ok()).unwrap_or(0)];
        reader.read_exact(&mut body).await.unwrap();
        let status = self.status.load(Ordering::SeqCst);
        self.seen.lock().unwrap().push(Seen { path, headers, body: String::from_utf8(body).unwrap(), at: SystemTime::now() });
        if status == 0 {
            std::future::pending::<()>().await;
        }
        let answer = format!("HTTP/1.1 {status} X\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        drop(reader.into_inner().write_all(answer.as_bytes()).await);
    }
}

/// A mail server without any protection; gives what it took in.
pub async fn mail_server() -> (u16, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let mails: Arc<Mutex<Vec<String>>> = Arc::default();
    let taken = mails.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(talk(stream, taken.clone()));
        }
    });
    (port, mails)
}

async fn talk(stream: TcpStream, taken: Arc<Mutex<Vec<String>>>) {
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 test\r\n").await.unwrap();
    let mut data: Option<String> = None;
    let mut line = String::new();
    while stream.read_line(&mut line).await.is_ok_and(|read| read > 0) {
        let answer = match (&mut data, line.trim_end()) {
            (Some(mail), ".") => {
                taken.lock().unwrap().push(std::mem::take(mail));
                data = None;
                Some("250 taken")
            }
            (Some(mail), _) => {
                mail.push_str(&line);
                None
            }
            (None, "DATA") => {
                data = Some(String::new());
                Some("354 go on")
            }
            (None, "QUIT") => Some("221 bye"),
            (None, _) => Some("250 ok"),
        };
        if let Some(answer) = answer {
            stream.write_all(format!("{answer}\r\n").as_bytes()).await.unwrap();
        }
        line.clear();
    }
}
