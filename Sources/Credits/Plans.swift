package import JSON

/// What a plan costs, how many credits it gives, and its limits.
package struct Plan: Hashable, Sendable {
    /// Name of the plan, `pro`.
    package var name: String
    /// Credits of each period.
    package var credits: Int
    /// Price of a period in the smallest unit of the currency.
    package var price: Int
    /// Limits; nil for none.
    package var limits: Limits
    /// IDs of the payment providers' products or prices.
    package var products: [String]

    /// Limits of a workspace; nil is no limit.
    package struct Limits: Hashable, Sendable {
        /// Bytes of stored uploads.
        package var storedBytes: Int?
        /// Minutes of output in a calendar month (UTC).
        package var minutesPerMonth: Int?
        /// Exports that run at the same time.
        package var concurrentExports: Int?
        /// Members of a workspace.
        package var members: Int?

        /// Limits.
        package init(
            storedBytes: Int? = nil, minutesPerMonth: Int? = nil, concurrentExports: Int? = nil,
            members: Int? = nil
        ) {
            self.storedBytes = storedBytes
            self.minutesPerMonth = minutesPerMonth
            self.concurrentExports = concurrentExports
            self.members = members
        }
    }

    /// A plan.
    package init(
        name: String, credits: Int, price: Int = 0, limits: Limits = Limits(),
        products: [String] = []
    ) {
        self.name = name
        self.credits = credits
        self.price = price
        self.limits = limits
        self.products = products
    }
}

/// The plans of a deployment, from a file of the form `docs/schema/plans.schema.json`.
package struct Plans: Hashable, Sendable {
    /// ISO 4217 code of the prices.
    package var currency: String
    /// Credits for one unit of the cost of an export (`cost.total` of its estimate).
    package var creditsPerCostUnit: Int
    /// Plan of a workspace without a subscription.
    package var defaultPlan: Plan
    /// Every plan by name.
    package var plans: [String: Plan]

    /// Plans; `plans` contains the default one.
    package init(
        currency: String, creditsPerCostUnit: Int, defaultPlan: Plan, plans: [String: Plan]
    ) {
        self.currency = currency
        self.creditsPerCostUnit = creditsPerCostUnit
        self.defaultPlan = defaultPlan
        self.plans = plans
    }

    /// The plan of a name; the default one for an unknown name.
    package func plan(named name: String?) -> Plan { name.flatMap { plans[$0] } ?? defaultPlan }

    /// The plan that a product of a payment provider buys; nil for an unknown product.
    package func plan(ofProduct product: String) -> Plan? {
        plans.values.first { $0.products.contains(product) }
    }

    /// Credits for a cost: rounded up, at least one.
    package func credits(forCost cost: Double) -> Int {
        let exact = cost * Double(creditsPerCostUnit)
        guard exact.isFinite, exact < 1e15 else { return 1_000_000_000_000_000 }
        return max(1, Int(exact.rounded(.up)))
    }
}

/// Every fault of a file of plans.
package struct PlanFaults: Error, Hashable, Sendable, CustomStringConvertible {
    /// The faults, at least one.
    package var faults: [FieldFault]

    package var description: String {
        faults.map { "\($0.pointer) \($0.detail)" }.joined(separator: "; ")
    }
}

extension Plans {
    /// Reads a file of plans.
    /// - Throws: every fault, with a JSON pointer each.
    package init(parsing bytes: [UInt8]) throws(PlanFaults) {
        let file: JSONValue
        do {
            file = try JSONValue(parsing: bytes)
        } catch {
            throw PlanFaults(faults: [FieldFault(pointer: "", detail: "is not JSON: \(error)")])
        }
        var reader = PlanReader()
        reader.refuseOthers(
            than: ["$schema", "version", "currency", "creditsPerCostUnit", "default", "plans"],
            in: file, at: "")
        if file["version"]?.integer != 1 { reader.report("/version", "must be 1") }
        currency = file["currency"]?.text ?? ""
        if currency.utf8.count != 3 {
            reader.report("/currency", "must be a code of three letters")
        }
        creditsPerCostUnit =
            reader.integer(file["creditsPerCostUnit"], "/creditsPerCostUnit", min: 1) ?? 1
        plans = [:]
        if case .object(let members)? = file["plans"], !members.isEmpty {
            for (name, value) in members.sorted(by: { $0.key < $1.key }) {
                plans[name] = reader.plan(name, value)
            }
        } else {
            reader.report("/plans", "must be an object with at least one plan")
        }
        let name = file["default"]?.text ?? ""
        if plans[name] == nil { reader.report("/default", "must be the name of a plan") }
        defaultPlan = plans[name] ?? Plan(name: name, credits: 0)
        var seen: Set<String> = []
        for (name, plan) in plans.sorted(by: { $0.key < $1.key }) {
            for product in plan.products where !seen.insert(product).inserted {
                reader.report("/plans/\(name)/products", "has a product of another plan")
            }
        }
        guard reader.faults.isEmpty else { throw PlanFaults(faults: reader.faults) }
    }
}

/// Reads the parts of a plan and collects faults.
private struct PlanReader {
    var faults: [FieldFault] = []

    mutating func report(_ pointer: String, _ detail: String) {
        faults.append(FieldFault(pointer: pointer, detail: detail))
    }

    mutating func refuseOthers(than names: Set<String>, in value: JSONValue, at pointer: String) {
        guard case .object(let members) = value else {
            return report(pointer, "must be an object")
        }
        for name in members.keys.sorted() where !names.contains(name) {
            report("\(pointer)/\(name)", "is not a known field")
        }
    }

    /// A whole number from `min`; nil and a fault for anything else but a missing value.
    mutating func integer(_ value: JSONValue?, _ pointer: String, min: Int) -> Int? {
        guard let value else { return nil }
        guard let number = value.integer, number >= min else {
            report(pointer, "must be a whole number from \(min)")
            return nil
        }
        return number
    }

    mutating func plan(_ name: String, _ value: JSONValue) -> Plan {
        let pointer = "/plans/\(name)"
        refuseOthers(than: ["credits", "price", "limits", "products"], in: value, at: pointer)
        var plan = Plan(name: name, credits: 0)
        if value["credits"] == nil { report("\(pointer)/credits", "is missing") }
        plan.credits = integer(value["credits"], "\(pointer)/credits", min: 0) ?? 0
        plan.price = integer(value["price"], "\(pointer)/price", min: 0) ?? 0
        if let limits = value["limits"] {
            let at = "\(pointer)/limits"
            refuseOthers(
                than: ["storedBytes", "minutesPerMonth", "concurrentExports", "members"],
                in: limits, at: at)
            plan.limits = Plan.Limits(
                storedBytes: integer(limits["storedBytes"], "\(at)/storedBytes", min: 0),
                minutesPerMonth: integer(
                    limits["minutesPerMonth"], "\(at)/minutesPerMonth", min: 0),
                concurrentExports: integer(
                    limits["concurrentExports"], "\(at)/concurrentExports", min: 1),
                members: integer(limits["members"], "\(at)/members", min: 1))
        }
        if let products = value["products"] {
            if case .array(let items) = products, items.allSatisfy({ $0.text?.isEmpty == false }) {
                plan.products = items.compactMap(\.text)
            } else {
                report("\(pointer)/products", "must be a list of product IDs")
            }
        }
        return plan
    }
}
