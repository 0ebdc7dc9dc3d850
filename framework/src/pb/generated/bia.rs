pub mod google {
    pub mod rpc {
        include!("google.rpc.rs");
    }
}
pub mod grpc {
    pub mod health {
        pub mod v1 {
            include!("grpc.health.v1.rs");
        }
    }
    pub mod reflection {
        pub mod v1 {
            include!("grpc.reflection.v1.rs");
        }
        pub mod v1alpha {
            include!("grpc.reflection.v1alpha.rs");
        }
    }
}
