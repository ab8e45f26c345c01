//! What a shard's thread does: wait, read in batches, let the shard work, send, tell.

use std::collections::VecDeque;
use std::iter::once;
use std::ops::Range;
use std::sync::Arc;

use twinhall_core::model::{Command, Figures, Tuple};
use twinhall_core::outbox::Outbox;
use twinhall_core::pacer::EVERY_US;
use twinhall_core::shard::Shard;

use crate::inbox::{BATCH, Inbox};
use crate::mailbox::{Mailbox, Message};
use crate::poll::Poll;
use crate::sender::Sender;
use crate::sockets::UdpPort;
use crate::streams::{Streams, TOKENS};

/// Token of the mailbox's bell; UDP sockets have their number.
pub const BELL: u64 = TOKENS - 1;
/// Full batches taken from one socket before the others have their turn.
const ROUNDS: usize = 4;
/// Longest wait: the sweep of connections is due.
const WAIT_MAX_US: u64 = 1_000_000;

/// Sessions that are sealed and sent together: their frames fit the second cache.
const TOGETHER: usize = 16;

/// Microseconds of the monotonic clock, the same that Python's `time.monotonic` reads.
fn monotonic_us() -> u64 {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `now` lives through the call.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut now) };
    now.tv_sec as u64 * 1_000_000 + now.tv_nsec as u64 / 1000
}

pub struct Work {
    poll: Poll,
    ports: Vec<UdpPort>,
    streams: Streams,
    mailbox: Arc<Mailbox>,
    shard: Shard,
    inbox: Inbox,
    outbox: Outbox,
    sender: Sender,
    messages: VecDeque<Message>,
    deadline_us: u64,
    /// Datagrams that a connection did not take.
    jammed: u64,
    /// Events that found no room.
    untold: u64,
    closing: bool,
}

impl Work {
    pub fn new(poll: Poll, ports: Vec<UdpPort>, streams: Streams, mailbox: Arc<Mailbox>, shard: Shard) -> Self {
        Self {
            poll,
            ports,
            streams,
            mailbox,
            shard,
            inbox: Inbox::new(),
            outbox: Outbox::new(),
            sender: Sender::new(),
            messages: VecDeque::new(),
            deadline_us: 0,
            jammed: 0,
            untold: 0,
            closing: false,
        }
    }

    /// Until `Message::Close`. A panic ends the process at once: its standby serves better than a relay
    /// without media.
    pub fn run(mut self) {
        let _fuse = Fuse;
        while !self.closing {
            let wait_us = self.deadline_us.saturating_sub(monotonic_us()).min(WAIT_MAX_US);
            self.poll.wait(wait_us).expect("epoll fails for descriptors of others only");
            self.turn();
        }
    }

    fn turn(&mut self) {
        for place in 0..self.poll.count() {
            let Some(ready) = self.poll.ready(place) else { continue };
            match ready.token {
                BELL => self.take_messages_if_any(),
                number if number < TOKENS => self.receive(number as usize),
                _ => {
                    self.take_messages_if_any();
                    let (shard, outbox, now_us) = (&mut self.shard, &mut self.outbox, monotonic_us());
                    self.streams.ready(ready, now_us, &self.poll, |from, bytes| {
                        shard.datagram(now_us, from, bytes, outbox);
                    });
                    self.flush(now_us);
                }
            }
        }
        let now_us = monotonic_us();
        self.streams.sweep(now_us, &self.poll);
        if now_us >= self.deadline_us {
            self.deadline_us = self.shard.tick(now_us, &mut self.outbox);
        }
        self.flush(now_us);
        if !self.outbox.events.is_empty() {
            self.untold += self.mailbox.report(&mut self.outbox.events) as u64;
        }
    }

    /// What Python wanted before a datagram was sent is in force before that datagram is looked at: a
    /// peer's first check may follow its answer within microseconds.
    fn take_messages_if_any(&mut self) {
        if self.mailbox.messages.bell.is_rung() {
            self.take_messages();
        }
    }

    fn take_messages(&mut self) {
        let (mut messages, now_us) = (std::mem::take(&mut self.messages), monotonic_us());
        self.mailbox.messages.take(&mut messages);
        for message in messages.drain(..) {
            match message {
                Message::Command(command) => {
                    if matches!(*command, Command::Remove { .. }) {
                        self.flush(now_us); // its last words go before it does
                    }
                    self.shard.command(now_us, *command, &mut self.outbox);
                }
                // nobody may wait any more
                Message::Figures(asker) => drop(asker.try_send(self.figures())),
                Message::Close => self.closing = true,
            }
            if self.outbox.is_heavy() {
                self.flush(now_us);
            }
        }
        self.messages = messages;
        self.flush(now_us);
    }

    fn receive(&mut self, number: usize) {
        for _ in 0..ROUNDS {
            let Some(fd) = self.ports.get(number).map(UdpPort::fd) else { return };
            // an error is an ICMP message about an earlier datagram
            let came = self.inbox.receive(fd).unwrap_or(0);
            self.take_messages_if_any();
            let now_us = monotonic_us();
            for place in 0..came {
                if let Some((remote, bytes)) = self.inbox.datagram(place) {
                    let from = Tuple { local: number as u32, remote };
                    self.shard.datagram(now_us, from, bytes, &mut self.outbox);
                }
                if self.outbox.is_heavy() {
                    self.flush(now_us);
                }
            }
            self.flush(now_us);
            if came > 0 {
                // what came may have left packets that wait for their pace
                self.deadline_us = self.deadline_us.min(now_us + EVERY_US);
            }
            if came < BATCH {
                return;
            }
        }
    }

    /// Forward, seal and send all that came.
    fn flush(&mut self, now_us: u64) {
        while !self.shard.forward(now_us, &mut self.outbox) {
            self.send_out(now_us);
        }
        self.send_out(now_us);
    }

    /// Seal and send all that the outbox holds, some sessions at a time: what was sealed is sent while the
    /// cache has it, and the first viewers don't wait for the last ones' seals.
    fn send_out(&mut self, now_us: u64) {
        if self.outbox.is_empty() {
            return;
        }
        self.send_answers(now_us);
        for first in (0..self.outbox.busy().len()).step_by(TOGETHER) {
            let until = self.outbox.busy().len().min(first + TOGETHER);
            for place in first..until {
                self.shard.seal_to(self.outbox.busy()[place], &mut self.outbox);
            }
            self.send(first..until, now_us);
        }
        self.outbox.clear();
    }

    fn send_answers(&mut self, now_us: u64) {
        for (to, datagram) in self.outbox.answers() {
            match self.ports.get_mut(to.local as usize) {
                Some(port) => self.sender.send(port, once((to.remote, once(datagram)))),
                None => self.jammed += u64::from(!self.streams.send(to, datagram, now_us, &self.poll)),
            }
        }
    }

    /// Send what is sealed for some of the busy sessions.
    fn send(&mut self, places: Range<usize>, now_us: u64) {
        let (shard, outbox) = (&self.shard, &self.outbox);
        let ways = || outbox.busy()[places.clone()].iter().filter_map(|at| Some((*at, shard.tuple(*at)?)));
        for (number, port) in (0..).zip(&mut self.ports) {
            let here = ways().filter(|(_, to)| to.local == number);
            self.sender.send(port, here.map(|(at, to)| (to.remote, outbox.datagrams(at))));
        }
        for (at, to) in ways().filter(|(_, to)| to.is_tcp()) {
            for datagram in outbox.datagrams(at) {
                self.jammed += u64::from(!self.streams.send(to, datagram, now_us, &self.poll));
            }
        }
    }

    fn figures(&self) -> Figures {
        let mut figures = self.shard.figures();
        figures.dropped.insert("send-refused".into(), self.sender.refused + self.jammed);
        figures.dropped.insert("events-untold".into(), self.untold);
        figures
    }
}

/// Ends the process if the thread panics.
struct Fuse;

impl Drop for Fuse {
    fn drop(&mut self) {
        if std::thread::panicking() {
            std::process::abort();
        }
    }
}
