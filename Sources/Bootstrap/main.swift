import Glibc
import LambdaRuntime

// The environment is read here and nowhere else.
exit(await serve(environment: processEnvironment(), functions: liveFunctions()))
