//! Slices of load, as the standard input orders them, one JSON object a line; each is answered by one.

use std::error::Error;
use std::io::{BufRead, BufReader, Write, stdin, stdout};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use twinhall_core::seal::Library;

use crate::clock::{self, CpuMeter};
use crate::limit;
use crate::packets::Class;
use crate::publisher::Publisher;
use crate::schedule::Schedule;
use crate::spec::{Kind, Spec};
use crate::tally::Added;
use crate::viewers::Viewers;
use crate::wire::Inbox;

/// A slice ends when nothing came for so long.
const QUIET_NS: u64 = 40_000_000;
/// What is in flight after so long without progress is lost: saturation goes on with a new window.
const STUCK_NS: u64 = 300_000_000;
/// Who has not come after so long does not come.
const PATIENCE_NS: u64 = 20_000_000_000;
const AGAIN_NS: u64 = 200_000_000;
/// Peers report once a second and renew consent every five.
const REPORT_NS: u64 = 1_000_000_000;
const CHECKS_EVERY: u64 = 5;
/// Viewers tell of arrivals, those of them who are due.
const TELL_NS: u64 = 1_000_000;
/// A burst that leaves so late moves all that follow: caught up with, they would wait for each other in the plane.
const LATE_NS: u64 = 50_000;
/// Between two looks at an empty socket: a look takes the lock that the plane's packets need.
const PAUSE_NS: u64 = 2_000;
/// The same where others need the core; then it is slept.
const GENTLE_NS: u64 = 500_000;

#[derive(Deserialize)]
#[serde(tag = "order", rename_all = "snake_case")]
enum Order {
    /// Send checks until the plane has answered the first `viewers` viewers and all publishers.
    Connect { viewers: usize },
    /// Real time, until each of the first `viewers` viewers has a packet; what was lost meanwhile is counted.
    Begin { viewers: usize },
    /// As much as the plane takes: at most `ahead` packets are on their way.
    Saturate { ms: u64, viewers: usize, ahead: u64 },
    /// `pace` times real time; a keyframe every `keyframe_ms` (0: only those asked for). `gentle`: leave the core to
    /// others between bursts.
    Pace { ms: u64, viewers: usize, pace: f64, keyframe_ms: u64, gentle: bool },
    /// Saturate, while the receivers see the runs.
    Runs { ms: u64, viewers: usize, ahead: u64 },
    /// Let the limit program run, and receive what it sends.
    Limit { ms: u64, viewers: usize, video_len: usize, audio_len: usize, video_run: usize, audio_run: usize },
}

/// How a stream began: `watching` viewers receive, `received` packets of `due` came.
#[derive(Serialize)]
struct Begun {
    watching: usize,
    due: u64,
    received: u64,
}

/// What a slice of load found.
#[derive(Serialize)]
struct Slice {
    /// By the publishers; `due` are those times viewers, `received` came.
    sent: u64,
    due: u64,
    received: u64,
    broken: u64,
    elapsed_ns: u64,
    cpu_ns: u64,
    /// By so much the load was late in all, for others had its core.
    late_ns: u64,
    added_ms: Vec<Option<Added>>,
    lens: Vec<(usize, u64)>,
    runs: Vec<(usize, f64)>,
}

struct Load {
    publishers: Vec<Publisher>,
    viewers: Viewers,
    watching: usize,
    spec: Spec,
    meter: CpuMeter,
    inbox: Inbox,
    chores_ns: u64,
    chores: u64,
    told_ns: u64,
    empty_ns: u64,
    pause_ns: u64,
    limit: Option<(Child, ChildStdin, Receiver<String>)>,
    path: String,
}

enum Drive {
    Ahead(u64),
    Pace(f64, u64),
}

pub fn run(spec: Spec) -> Result<(), Box<dyn Error>> {
    clock::pin(spec.load_core)?;
    let mut load = Load::new(spec)?;
    println!("{{\"ready\": {}}}", load.viewers.len());
    for line in stdin().lock().lines() {
        let answer = load.obey(serde_json::from_str(&line?)?)?;
        println!("{answer}");
        stdout().flush()?;
    }
    Ok(())
}

impl Load {
    fn new(mut spec: Spec) -> Result<Self, Box<dyn Error>> {
        let library = Library::faster(clock::now_ns);
        let viewers = Viewers::new(&spec, library)?;
        let mut publishers = Vec::new();
        for publisher in &spec.publishers {
            publishers.push(Publisher::new(publisher, spec.plane, library)?);
        }
        let meter = CpuMeter::new(spec.subject_pid, spec.subject_core)?;
        spec.viewers.clear();
        Ok(Self {
            publishers,
            viewers,
            watching: 0,
            spec,
            meter,
            inbox: Inbox::new(2048, 16, false),
            chores_ns: 0,
            chores: 0,
            told_ns: 0,
            empty_ns: 0,
            pause_ns: PAUSE_NS,
            limit: None,
            path: std::env::args().nth(2).unwrap_or_default(),
        })
    }

    fn obey(&mut self, order: Order) -> Result<String, Box<dyn Error>> {
        Ok(match order {
            Order::Connect { viewers } => format!("{{\"connected\": {}}}", self.connect(viewers)),
            Order::Begin { viewers } => serde_json::to_string(&self.begin(viewers))?,
            Order::Saturate { ms, viewers, ahead } => self.slice(ms, viewers, &Drive::Ahead(ahead))?,
            Order::Pace { ms, viewers, pace, keyframe_ms, gentle } => {
                self.pause_ns = if gentle { GENTLE_NS } else { PAUSE_NS };
                let found = self.slice(ms, viewers, &Drive::Pace(pace, keyframe_ms));
                self.pause_ns = PAUSE_NS;
                found?
            }
            Order::Runs { ms, viewers, ahead } => {
                self.viewers.join_runs(true)?;
                let found = self.slice(ms, viewers, &Drive::Ahead(ahead));
                self.viewers.join_runs(false)?;
                found?
            }
            Order::Limit { ms, viewers, video_len, audio_len, video_run, audio_run } => {
                let destinations = self.viewers.destinations()?[..viewers].to_vec();
                self.limit(&limit::Order { ms, destinations, video_len, audio_len, video_run, audio_run })?
            }
        })
    }

    /// Returns how many peers the plane answered.
    fn connect(&mut self, viewers: usize) -> u64 {
        let (began_ns, mut asked_ns, before) = (clock::now_ns(), 0, self.viewers.answers());
        let wanted = (self.watching..viewers).count() as u64;
        loop {
            let now_ns = clock::now_ns();
            let came = self.viewers.answers() - before;
            let answered = self.publishers.iter().filter(|one| one.answered).count() as u64;
            if (came >= wanted && answered == self.publishers.len() as u64) || now_ns - began_ns > PATIENCE_NS {
                self.watching = viewers;
                return answered + came.min(wanted);
            }
            if now_ns - asked_ns > AGAIN_NS {
                asked_ns = now_ns;
                self.publishers.iter().filter(|one| !one.answered).for_each(Publisher::check);
                (self.watching..viewers).for_each(|viewer| self.viewers.check(viewer));
            }
            self.publishers.iter_mut().for_each(|one| one.listen(&mut self.inbox));
            self.look();
        }
    }

    fn begin(&mut self, viewers: usize) -> Begun {
        self.viewers.tally.clear();
        self.publishers.iter_mut().for_each(|one| one.keyframe_wanted = true);
        let mut schedule = Schedule::new(&self.spec.publishers);
        let (began_ns, mut sent, mut late_ns) = (clock::now_ns(), 0, 0);
        loop {
            let now_ns = clock::now_ns();
            let watching = self.viewers.tally.received[..viewers].iter().filter(|came| **came > 0).count();
            if watching == viewers || now_ns - began_ns > PATIENCE_NS {
                let due = sent * viewers as u64;
                self.settle(due);
                return Begun { watching, due, received: self.viewers.tally.total };
            }
            sent += self.send_due(&mut schedule, (now_ns, began_ns), 1.0, &mut late_ns, |_| false);
            self.chores(now_ns, viewers);
            self.look();
        }
    }

    fn slice(&mut self, ms: u64, viewers: usize, drive: &Drive) -> Result<String, Box<dyn Error>> {
        self.settle(u64::MAX);
        self.viewers.tally.clear();
        let mut schedule = Schedule::new(&self.spec.publishers);
        let (cpu_ns, began_ns) = (self.meter.ns(), clock::now_ns());
        let (mut sent, mut base, mut keyframe_ns, mut late_ns) = (0, 0, began_ns, 0);
        loop {
            let now_ns = clock::now_ns();
            if now_ns - began_ns >= ms * 1_000_000 {
                break;
            }
            match *drive {
                Drive::Ahead(ahead) => {
                    if self.stuck(now_ns, began_ns) {
                        base = sent - self.viewers.delivered();
                        self.viewers.tally.last_ns = now_ns;
                    }
                    while sent - base <= self.viewers.delivered() + ahead {
                        sent += self.send(&mut schedule, now_ns, false);
                    }
                }
                Drive::Pace(pace, keyframe_ms) => {
                    let keyframe = |kind| {
                        let due = keyframe_ms > 0 && now_ns - keyframe_ns >= keyframe_ms * 1_000_000;
                        let due = due && kind == Kind::Video;
                        keyframe_ns = if due { now_ns } else { keyframe_ns };
                        due
                    };
                    sent += self.send_due(&mut schedule, (now_ns, began_ns), pace, &mut late_ns, keyframe);
                }
            }
            self.chores(now_ns, viewers);
            self.look();
        }
        let due = sent * viewers as u64;
        self.settle(due);
        let cpu_ns = self.meter.ns() - cpu_ns;
        let tally = &mut self.viewers.tally;
        Ok(serde_json::to_string(&Slice {
            sent,
            due,
            received: tally.total,
            broken: tally.broken,
            elapsed_ns: tally.last_ns.max(began_ns) - began_ns,
            cpu_ns,
            late_ns,
            added_ms: Class::ALL.into_iter().map(|class| tally.added(class)).collect(),
            lens: tally.lens(),
            runs: tally.runs(),
        })?)
    }

    fn kind(&self, schedule: &Schedule) -> Kind {
        let due = schedule.peek();
        self.spec.publishers[due.publisher].streams[due.stream].kind
    }

    fn stuck(&self, now_ns: u64, began_ns: u64) -> bool {
        now_ns.saturating_sub(self.viewers.tally.last_ns.max(began_ns)) > STUCK_NS
    }

    /// Wait for what is still on its way, until `due` packets came or no more do.
    fn settle(&mut self, due: u64) {
        let (mut quiet_ns, mut total) = (clock::now_ns(), self.viewers.tally.total);
        while self.viewers.tally.total < due && clock::now_ns() - quiet_ns < QUIET_NS {
            self.look();
            if self.viewers.tally.total != total {
                (quiet_ns, total) = (clock::now_ns(), self.viewers.tally.total);
            }
        }
    }

    /// What is due by `now_ns` at `pace` times real time since `began_ns`, but for `late_ns`; returns how many packets.
    fn send_due(
        &mut self,
        schedule: &mut Schedule,
        (now_ns, began_ns): (u64, u64),
        pace: f64,
        late_ns: &mut u64,
        mut keyframe: impl FnMut(Kind) -> bool,
    ) -> u64 {
        let mut sent = 0;
        loop {
            let due_ns = (schedule.peek().at_us as f64 * 1000.0 / pace) as u64 + began_ns + *late_ns;
            if due_ns > now_ns {
                return sent;
            }
            *late_ns += Some(now_ns - due_ns).filter(|late| *late > LATE_NS).unwrap_or(0);
            let keyframe = keyframe(self.kind(schedule));
            sent += self.send(schedule, now_ns, keyframe);
        }
    }

    fn send(&mut self, schedule: &mut Schedule, now_ns: u64, keyframe: bool) -> u64 {
        let video = self.kind(schedule) == Kind::Video;
        let due = schedule.take();
        let publisher = &mut self.publishers[due.publisher];
        let wanted = video && publisher.keyframe_wanted;
        publisher.keyframe_wanted &= !wanted;
        publisher.send(due.stream, keyframe || wanted, now_ns)
    }

    /// Reports and checks, spread over their periods.
    fn chores(&mut self, now_ns: u64, viewers: usize) {
        if now_ns - self.told_ns >= TELL_NS {
            self.told_ns = now_ns;
            self.viewers.tell_arrivals(now_ns / 1000);
        }
        let peers = viewers + self.publishers.len();
        if now_ns - self.chores_ns < REPORT_NS / peers as u64 {
            return;
        }
        self.chores_ns = now_ns;
        self.chores += 1;
        let (round, peer) = (self.chores / peers as u64, (self.chores % peers as u64) as usize);
        let checks = round.is_multiple_of(CHECKS_EVERY);
        match self.publishers.get_mut(peer) {
            Some(publisher) => {
                publisher.report(now_ns, clock::ntp());
                publisher.listen(&mut self.inbox);
                checks.then(|| publisher.check());
            }
            None => {
                let viewer = peer - self.publishers.len();
                self.viewers.report(viewer);
                checks.then(|| self.viewers.check(viewer));
            }
        }
    }

    /// Receive what is there; a short pause after nothing. Returns whether there was anything.
    fn look(&mut self) -> bool {
        if clock::now_ns() < self.empty_ns + self.pause_ns {
            match self.pause_ns {
                PAUSE_NS => std::hint::spin_loop(),
                _ => std::thread::sleep(Duration::from_nanos(self.pause_ns)),
            }
            return false;
        }
        let any = self.viewers.receive();
        if !any {
            self.empty_ns = clock::now_ns();
            self.publishers.iter_mut().take(1).for_each(|one| one.listen(&mut self.inbox));
        }
        any
    }

    fn limit(&mut self, order: &limit::Order) -> Result<String, Box<dyn Error>> {
        if self.limit.is_none() {
            self.limit = Some(start_limit(&self.path)?);
        }
        self.viewers.tally.clear();
        let Some((_, orders, _)) = &mut self.limit else { return Err("no limit program".into()) };
        writeln!(orders, "{}", serde_json::to_string(order)?)?;
        loop {
            if let Some((_, _, answers)) = &self.limit
                && let Ok(line) = answers.try_recv()
            {
                while self.look() {}
                let mut report: serde_json::Value = serde_json::from_str(&line)?;
                report["received"] = self.viewers.tally.limit.into();
                return Ok(report.to_string());
            }
            self.look();
        }
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        if let Some((mut child, orders, _)) = self.limit.take() {
            drop(orders);
            let _ = child.wait();
        }
    }
}

fn start_limit(path: &str) -> Result<(Child, ChildStdin, Receiver<String>), Box<dyn Error>> {
    let mut child = Command::new(std::env::current_exe()?)
        .args(["limit", path])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let (Some(orders), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
        return Err("no pipes".into());
    };
    let (tell, told) = channel();
    std::thread::spawn(move || {
        BufReader::new(answers).lines().map_while(Result::ok).try_for_each(|line| tell.send(line))
    });
    Ok((child, orders, told))
}
