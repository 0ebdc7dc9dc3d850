//! A network of its own: callers here, nodes there, and between them a router that can be told to
//! swallow what is sent to one of the nodes.
//!
//! Nothing is refused and nobody is told, as with a machine that lost its power or a link that was
//! cut: packets go into the router's black hole. Everything is in namespaces that end with the test.

use std::path::PathBuf;
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use super::fixture::{program, skip};

pub(crate) struct Network {
    ip: PathBuf,
    nsenter: PathBuf,
    callers: Namespace,
    nodes: Namespace,
    router: Namespace,
}

impl Network {
    /// A network with the nodes `10.99.2.11`, `10.99.2.12`, …; none if the machine has no means for it.
    pub(crate) async fn start(test: &str) -> Option<Self> {
        let ip = program("ip", "BIA_IP_BIN", test)?;
        let unshare = program("unshare", "BIA_UNSHARE_BIN", test)?;
        let nsenter = program("nsenter", "BIA_NSENTER_BIN", test)?;
        let [callers, nodes, router] = [
            Namespace::new(&unshare, test).await?,
            Namespace::new(&unshare, test).await?,
            Namespace::new(&unshare, test).await?,
        ];
        let network = Self { ip, nsenter, callers, nodes, router };
        network.lay().await;
        Some(network)
    }

    async fn lay(&self) {
        let router = self.router.pid();
        for (namespace, net, hosts) in [(&self.callers, 1, 1..2), (&self.nodes, 2, 11..14)] {
            let far = format!("to{net}");
            let pair = format!("link add eth0 type veth peer name {far} netns {router}");
            self.ip(namespace, "link set lo up").await;
            self.ip(namespace, &pair).await;
            for host in hosts {
                self.ip(namespace, &format!("addr add 10.99.{net}.{host}/24 dev eth0")).await;
            }
            self.ip(namespace, "link set eth0 up").await;
            self.ip(&self.router, &format!("addr add 10.99.{net}.254/24 dev {far}")).await;
            self.ip(&self.router, &format!("link set {far} up")).await;
            self.ip(namespace, &format!("route add default via 10.99.{net}.254")).await;
        }
        let forward = ["sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward"].map(str::to_owned);
        self.run(&self.router, &forward).await;
    }

    /// What is sent to this node is swallowed from now on.
    pub(crate) async fn swallow(&self, node: &str) {
        self.ip(&self.router, &format!("route add blackhole {node}/32")).await;
    }

    /// It arrives again.
    pub(crate) async fn heal(&self, node: &str) {
        self.ip(&self.router, &format!("route del blackhole {node}/32")).await;
    }

    /// What to put before a program so that it runs among the callers.
    pub(crate) fn among_callers(&self) -> Vec<String> {
        self.within(&self.callers)
    }

    /// The same among the nodes.
    pub(crate) fn among_nodes(&self) -> Vec<String> {
        self.within(&self.nodes)
    }

    fn within(&self, namespace: &Namespace) -> Vec<String> {
        vec![self.nsenter.display().to_string(), format!("--net=/proc/{}/ns/net", namespace.pid())]
    }

    async fn ip(&self, namespace: &Namespace, arguments: &str) {
        let program = self.ip.display().to_string();
        let command: Vec<_> =
            std::iter::once(program).chain(arguments.split(' ').map(str::to_owned)).collect();
        self.run(namespace, &command).await;
    }

    async fn run(&self, namespace: &Namespace, command: &[String]) {
        let all = [self.within(namespace), command.to_vec()].concat();
        let status = Command::new(&all[0]).args(&all[1..]).status().await.unwrap();
        assert!(status.success(), "{all:?}");
    }
}

/// A network namespace, held by a process that ends when its standard input does: with the test.
struct Namespace(Child);

impl Namespace {
    async fn new(unshare: &PathBuf, test: &str) -> Option<Self> {
        let mut holder = Command::new(unshare)
            .args(["--net", "sh", "-c", "echo made; exec cat"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let made = BufReader::new(holder.stdout.take().unwrap()).lines().next_line().await.unwrap();
        if made.is_none() {
            skip("ip", test, "this user may make no network namespaces; run it as root");
            return None;
        }
        Some(Self(holder))
    }

    fn pid(&self) -> u32 {
        self.0.id().unwrap()
    }
}
