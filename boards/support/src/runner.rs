//! A board's network stack, and the main loop that polls it.

use bareserve::{
    Stack,
    clock::Uptime,
    http::auth::Token,
    net::{config::Config, resources::StackResources},
    wire::template::Value,
};
use smoltcp::{
    time::{Duration, Instant},
    wire::{IpAddress, IpCidr},
};

use crate::{
    board::{Alarm, Board, Ethernet, Uart},
    entropy::Pool,
    log::{self, Log},
    services::{Services, ServicesMemory},
    sleep,
    stack_usage::StackUsage,
    systick::SysTickClock,
    watchdog::Watchdog,
};

/// The longest sleep while the log's buffer has bytes for the UART.
const UART_PERIOD: Duration = Duration::from_millis(1);

/// The time between two measurements of the stack's usage.
const STACK_PERIOD: Duration = Duration::from_secs(1);

/// The addresses of a board in the emulator: on the TAP, and in QEMU's user network.
pub const ADDRESSES: [IpCidr; 2] =
    [IpCidr::new(IpAddress::v4(192, 168, 69, 1), 24), IpCidr::new(IpAddress::v4(10, 0, 2, 15), 24)];

/// The host on the TAP, whose time service and file the board's clients request.
pub const HOST: IpAddress = IpAddress::v4(192, 168, 69, 100);

/// Frames that must have arrived before a token is generated. At the 4 bits of entropy that [`Pool`]
/// assumes for each, they provide twice the 128 bits of a token.
const FRAMES_FOR_TOKEN: u32 = 64;

/// The memory of a [`Runner`].
pub struct RunnerMemory<const SOCKETS: usize, const BACKLOG: usize> {
    stack: StackResources<'static, SOCKETS, BACKLOG>,
    services: ServicesMemory,
    log: [u8; log::SIZE],
}

impl<const SOCKETS: usize, const BACKLOG: usize> RunnerMemory<SOCKETS, BACKLOG> {
    /// All zeros.
    pub const fn new() -> Self {
        Self { stack: StackResources::new(), services: ServicesMemory::new(), log: [0; log::SIZE] }
    }
}

impl<const SOCKETS: usize, const BACKLOG: usize> Default for RunnerMemory<SOCKETS, BACKLOG> {
    fn default() -> Self {
        Self::new()
    }
}

/// A running board.
pub struct Runner<E, A, U, const HZ: u32> {
    /// The stack and its services.
    pub services: Services<E, U>,
    alarm: A,
    uptime: Uptime<SysTickClock<HZ>>,
    watchdog: Watchdog,
    interrupts: [u16; 2],
    /// The number of sleeps that ended before their alarm, by a frame.
    frames: u32,
    /// When the last sleep ends if no frame arrives.
    alarm_due: Instant,
    addresses: &'static [IpCidr],
    worst_stack: usize,
    stack_due: Instant,
}

impl<E: Ethernet, A: Alarm, U: Uart, const HZ: u32> Runner<E, A, U, HZ> {
    /// Creates the stack without services.
    // Not a `Result`, out of which the value would be copied on the caller's stack. Not inlined, so that
    // the set-up's variables do not enlarge the stack frame of the main loop.
    #[inline(never)]
    pub fn new<const SOCKETS: usize, const BACKLOG: usize>(
        board: Board<E, A, U, HZ>,
        addresses: &'static [IpCidr],
        memory: &'static mut RunnerMemory<SOCKETS, BACKLOG>,
    ) -> Self {
        let Board { ethernet, alarm, uart, clock, watchdog, interrupts } = board;
        let hardware_address = ethernet.hardware_address();
        let Ok(mut uptime) = Uptime::new(clock) else { unreachable!("SysTick is always read") };
        let mut entropy = Pool::new();
        // At least the boards of one network differ from each other.
        for byte in hardware_address.0 {
            entropy.stir(byte.into());
        }
        let now = uptime.now();
        let config = addresses
            .iter()
            .fold(Config::new(hardware_address), |config, address| config.address(*address));
        let mut log = Log::new(uart, &mut memory.log);
        for address in addresses {
            let prefix = Value::Number(address.prefix_len().into());
            log.line("this is %/%", &[Value::Address(address.address()), prefix]);
        }
        let stack = Stack::new(ethernet, config, entropy, &mut memory.stack).with_observer(log);
        sleep::enable(&interrupts);
        Self {
            services: Services::new(stack, &mut memory.services),
            alarm,
            uptime,
            watchdog,
            interrupts,
            frames: 0,
            alarm_due: now,
            addresses,
            worst_stack: 0,
            stack_due: now,
        }
    }

    /// Polls the stack and sleeps, without end.
    pub fn run(&mut self) -> ! {
        loop {
            let now = self.uptime.now();
            let wait = self.poll(now);
            self.sleep(now, wait);
        }
    }

    fn poll(&mut self, now: Instant) -> Option<Duration> {
        // Acknowledge the devices before the pending interrupts are cleared: a frame or alarm from here
        // on then ends the next sleep.
        self.services.stack.device().acknowledge();
        self.alarm.acknowledge();
        sleep::clear(&self.interrupts);
        self.watchdog.feed();
        let stack = &mut self.services.stack;
        stack.entropy().stir(self.uptime.clock().ticks());
        stack.observer().at(now);
        if now < self.alarm_due {
            self.frames = self.frames.saturating_add(1);
        }
        if self.services.needs_token && self.frames >= FRAMES_FOR_TOKEN {
            self.make_token();
        }
        let Services { stack, running, .. } = &mut self.services;
        stack.poll(now, running)
    }

    fn make_token(&mut self) {
        self.services.needs_token = false;
        let token = Token::generate(self.services.stack.entropy());
        for address in self.addresses {
            self.services.stack.observer().line(
                "to change files: http://%/_device/?token=%",
                &[Value::Address(address.address()), Value::Text(token.as_str())],
            );
        }
        self.services.token.set(Some(token));
    }

    // `now` is the start of the poll: a poll is short, and no deadline needs more precision.
    fn sleep(&mut self, now: Instant, wait: Option<Duration>) {
        let at_once = wait == Some(Duration::ZERO);
        if !at_once && self.stack_due <= now {
            self.stack_due = now + STACK_PERIOD;
            self.report_stack();
        }
        let log_is_out = self.services.stack.observer().flush();
        self.alarm_due = now;
        if at_once {
            return;
        }
        let longest = if log_is_out { SysTickClock::<HZ>::HALF_LAP } else { UART_PERIOD };
        let sleep = wait.map_or(longest, |wait| wait.min(longest));
        self.alarm_due = now + sleep;
        self.alarm.arm(sleep);
        sleep::wait();
    }

    /// Logs the maximum stack usage whenever it has grown.
    fn report_stack(&mut self) {
        let StackUsage { worst, size } = StackUsage::measure();
        if worst > self.worst_stack {
            self.worst_stack = worst;
            let values = [worst, size].map(|bytes| Value::Number(bytes as u64));
            self.services.stack.observer().line("stack: % of % bytes used at worst", &values);
        }
    }
}
