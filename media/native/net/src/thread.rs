//! A shard's thread, seen from the others.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::os::fd::RawFd;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use twinhall_core::model::{Command, Event, Figures};
use twinhall_core::seal::Library;
use twinhall_core::shard::Shard;

use crate::mailbox::{Full, Mailbox, Message};
use crate::poll::Poll;
use crate::sockets::UdpPort;
use crate::streams::Streams;
use crate::work::{BELL, Work};

/// How long Python waits for figures before it takes the shard for stuck.
const FIGURES_WAIT: Duration = Duration::from_secs(2);

/// A shard at work. Dropping it ends the thread and closes the sockets.
pub struct Running {
    mailbox: Arc<Mailbox>,
    thread: Option<JoinHandle<()>>,
    /// Where the UDP sockets are bound, ports filled in.
    pub addresses: Vec<SocketAddr>,
    /// Whether every socket sends runs.
    pub gso: bool,
    /// Whose ciphers are faster here.
    pub library: Library,
    /// What an administrator should know, in sentences.
    pub notes: Vec<String>,
}

impl Running {
    /// Bind and begin. `seed` is random. On an error nothing stays open.
    pub fn open(bind: &[SocketAddr], listen: &[SocketAddr], seed: u64) -> io::Result<Self> {
        let poll = Poll::new()?;
        let ports = bind.iter().map(|address| UdpPort::bind(*address)).collect::<io::Result<Vec<_>>>()?;
        for (number, port) in ports.iter().enumerate() {
            poll.add(port.fd(), number as u64)?;
        }
        let streams = Streams::listen(listen, &poll)?;
        let mailbox = Arc::new(Mailbox::new()?);
        poll.add(mailbox.messages.bell.fd(), BELL)?;
        let began = Instant::now();
        let library = Library::faster(|| began.elapsed().as_nanos() as u64);
        let addresses = ports.iter().map(|port| port.address).collect();
        let (gso, notes) = (ports.iter().all(|port| port.gso), ports.iter().filter_map(UdpPort::shortage).collect());
        let shard = Shard::new(seed, library);
        let work = Work::new(poll, ports, streams, mailbox.clone(), shard);
        let thread = std::thread::Builder::new().name("media shard".into()).spawn(move || work.run())?;
        Ok(Self { mailbox, thread: Some(thread), addresses, gso, library, notes })
    }

    pub fn command(&self, command: Command) -> Result<(), Full> {
        self.mailbox.tell(Message::Command(Box::new(command)))
    }

    /// What the shard counted until now. `None`: it does not answer.
    pub fn figures(&self) -> Option<Figures> {
        let (sender, receiver) = sync_channel(1);
        self.mailbox.tell(Message::Figures(sender)).ok()?;
        receiver.recv_timeout(FIGURES_WAIT).ok()
    }

    /// Readable when events wait.
    pub fn events_fd(&self) -> RawFd {
        self.mailbox.events.bell.fd()
    }

    /// The events that wait, oldest first.
    pub fn events(&self) -> VecDeque<Event> {
        let mut taken = VecDeque::new();
        self.mailbox.events.take(&mut taken);
        taken
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.mailbox.close();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
