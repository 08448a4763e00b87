// SPDX-FileCopyrightText: 2026 The Flotta authors
// SPDX-License-Identifier: EUPL-1.2

//! The simulated gateway.

use async_trait::async_trait;

use super::{Gateway, Route};
use crate::{
    drivers::world::{Call, World},
    error::Result,
    fleet::InstanceId,
};

/// A [`Gateway`] in a simulated world. There is one in each.
#[derive(Clone)]
pub struct SimulatedGateway(World);

impl SimulatedGateway {
    /// The gateway of this world, answering whatever containers there are.
    #[must_use]
    pub fn new(world: World) -> Self {
        Self(world)
    }

    /// From now on it answers only while this container runs. Its routes outlive the container.
    #[must_use]
    pub fn behind(self, container: &str) -> Self {
        self.0.lock().gateway.container = Some(container.to_owned());
        self
    }
}

#[async_trait]
impl Gateway for SimulatedGateway {
    async fn ping(&self) -> Result<()> {
        self.0.call(Call::new("gateway.ping", ""), |s| s.gateway().map(|_| ())).await
    }

    async fn routes(&self) -> Result<Vec<Route>> {
        self.0.call(Call::new("gateway.routes", ""), |s| Ok(s.gateway()?.routes.clone())).await
    }

    async fn load(&self, routes: &[Route]) -> Result<()> {
        let routes = routes.to_vec();
        self.0
            .call(Call::new("gateway.load", ""), move |s| {
                let gateway = s.gateway()?;
                if gateway.routes != routes {
                    gateway.routes = routes;
                    s.count("gateway loaded");
                }
                Ok(())
            })
            .await
    }

    async fn put(&self, route: &Route) -> Result<()> {
        let route = route.clone();
        self.0
            .call(Call::new("gateway.put", route.instance.text()), move |s| {
                let routes = &mut s.gateway()?.routes;
                let id = route.instance;
                match routes.iter_mut().find(|r| r.instance == id) {
                    Some(there) if *there == route => {}
                    Some(there) => {
                        *there = route;
                        s.count(format!("route changed {id}"));
                    }
                    None => {
                        routes.push(route);
                        s.count(format!("route created {id}"));
                    }
                }
                Ok(())
            })
            .await
    }

    async fn remove(&self, instance: InstanceId) -> Result<()> {
        self.0
            .call(Call::new("gateway.remove", instance.text()), move |s| {
                let routes = &mut s.gateway()?.routes;
                let before = routes.len();
                routes.retain(|r| r.instance != instance);
                if routes.len() < before {
                    s.count(format!("route removed {instance}"));
                }
                Ok(())
            })
            .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drivers::{gateway::Target, world::samples};

    fn route(domain: &str) -> Route {
        Route { instance: InstanceId::generate(), domains: vec![domain.parse().unwrap()], wildcard: false, target: Target::Suspended }
    }

    #[tokio::test]
    async fn routes_are_loaded_put_and_removed_alone() {
        let world = World::new();
        let gateway = SimulatedGateway::new(world.clone());
        let (ale, bor) = (route("ale.se"), route("bor.se"));
        for _ in 0..2 {
            gateway.load(std::slice::from_ref(&ale)).await.unwrap();
            gateway.put(&bor).await.unwrap();
            gateway.put(&Route { target: Target::Paused, ..bor.clone() }).await.unwrap();
            gateway.put(&bor).await.unwrap();
            assert_eq!(gateway.routes().await.unwrap(), [ale.clone(), bor.clone()]);
            gateway.remove(bor.instance).await.unwrap();
            gateway.remove(bor.instance).await.unwrap();
            assert_eq!(gateway.routes().await.unwrap(), std::slice::from_ref(&ale));
        }
        assert_eq!(world.effect("gateway loaded"), 1);
        assert_eq!(world.effect(&format!("route removed {}", bor.instance)), 2);
        assert_eq!(world.leftovers(&"t1".parse().unwrap()), [format!("route {}", ale.instance)]);
        world.forget_routes();
        assert!(gateway.routes().await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn it_answers_only_while_its_container_runs() {
        let world = samples::world();
        let gateway = SimulatedGateway::new(world.clone()).behind("t1-gateway");
        assert!(gateway.ping().await.is_err());
        let mut spec = samples::instance("gateway", 9);
        spec.name = "t1-gateway".into();
        world.run_container(spec).unwrap();
        gateway.put(&route("ale.se")).await.unwrap();
        world.pause("t1-gateway").unwrap();
        assert!(gateway.routes().await.is_err());
        world.start("t1-gateway").unwrap();
        assert_eq!(gateway.routes().await.unwrap().len(), 1);
    }
}
