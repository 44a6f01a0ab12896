import Glibc
import LambdaRuntime

exit(
    await serve(
        environment: processEnvironment(), functions: ["echo": EchoFunction.factory()]))
