//! A board's network stack, and the loop that runs services on it for ever.

use bareserve::{
    Service, Stack,
    clock::Uptime,
    stack::StackMemory,
};
use smoltcp::{
    time::{Duration, Instant},
    wire::IpCidr,
};

use crate::{
    board::{Alarm, Board, Ethernet, Uart},
    entropy::Pool,
    log::Log,
    sleep,
    stack_usage::StackUsage,
    systick::SysTickClock,
    watchdog::Watchdog,
};

/// How often the log's buffer is offered to a UART that is slower than it fills.
const UART_PERIOD: Duration = Duration::from_millis(1);

/// How often the stack's paint is looked at.
const STACK_PERIOD: Duration = Duration::from_secs(1);

/// A running board.
pub struct Network<'a, E, A, U, const HZ: u32> {
    /// For services to be added to.
    pub stack: Stack<'a, E>,
    alarm: A,
    log: Log<U>,
    uptime: Uptime<SysTickClock<HZ>>,
    watchdog: Watchdog,
    interrupts: [u16; 2],
    entropy: Pool,
    worst_stack: usize,
    stack_due: Instant,
}

impl<'a, E: Ethernet, A: Alarm, U: Uart, const HZ: u32> Network<'a, E, A, U, HZ> {
    /// Brings the interface up, without services yet.
    ///
    /// # Errors
    /// The clock's own.
    pub fn new(
        board: Board<E, A, U, HZ>,
        addresses: &[IpCidr],
        memory: StackMemory<'a>,
    ) -> Result<Self, embedded_time::clock::Error> {
        let Board { ethernet, alarm, uart, clock, watchdog, interrupts } = board;
        let hardware_address = ethernet.hardware_address();
        let mut uptime = Uptime::new(clock)?;
        let mut entropy = Pool::new();
        // No two boards alike, at least.
        for byte in hardware_address.0 {
            entropy.stir(byte.into());
        }
        let now = uptime.now();
        let stack = Stack::new(ethernet, hardware_address, addresses, &mut entropy, memory, now);
        let mut log = Log::new(uart);
        for address in addresses {
            log.line(format_args!("{hardware_address} is {address}"));
        }
        sleep::enable(&interrupts);
        Ok(Self {
            stack,
            alarm,
            log,
            uptime,
            watchdog,
            interrupts,
            entropy,
            worst_stack: 0,
            stack_due: now,
        })
    }

    /// Runs `services` for ever.
    pub fn run(mut self, services: &mut [&mut dyn Service]) -> ! {
        loop {
            let due = self.turn(services);
            self.sleep(due);
        }
    }

    fn turn(&mut self, services: &mut [&mut dyn Service]) -> Option<Instant> {
        // First the causes, then the fact: what happens from here on ends the next sleep.
        self.stack.device().acknowledge();
        self.alarm.acknowledge();
        sleep::clear(&self.interrupts);
        self.watchdog.feed();
        let now = self.uptime.now();
        self.entropy.stir(u64::from(self.uptime.clock().ticks()));
        self.log.at(now);
        self.stack.turn(now, &mut self.entropy, &mut self.log, services)
    }

    fn sleep(&mut self, due: Option<Instant>) {
        let now = self.uptime.now();
        let at_once = due.is_some_and(|due| due <= now);
        if !at_once && self.stack_due <= now {
            self.stack_due = now + STACK_PERIOD;
            self.report_stack();
        }
        let log_is_out = self.log.flush();
        if at_once {
            return;
        }
        let longest = if log_is_out { SysTickClock::<HZ>::HALF_LAP } else { UART_PERIOD };
        self.alarm.arm(due.map_or(longest, |due| (due - now).min(longest)));
        sleep::wait();
    }

    /// Logs the deepest the stack has been, whenever it has been deeper than before.
    fn report_stack(&mut self) {
        let StackUsage { worst, size } = StackUsage::measure();
        if worst > self.worst_stack {
            self.worst_stack = worst;
            self.log.line(format_args!("stack: {worst} of {size} bytes used at worst"));
        }
    }
}
