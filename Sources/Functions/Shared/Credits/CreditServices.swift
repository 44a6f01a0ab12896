package import Credits

/// Credits, payments and limits of a deployment. Empty values change nothing.
package struct CreditServices: Sendable {
    /// The ledger; nil if exports cost no credits.
    package var ledger: CreditLedger?
    /// Secrets of the payment providers' webhooks.
    package var payments: [PaymentSecrets] = []
    /// Limits of the rate of requests; nil for none.
    package var rates: RequestRates?

    /// Collects the live values.
    package init(
        ledger: CreditLedger? = nil, payments: [PaymentSecrets] = [], rates: RequestRates? = nil
    ) {
        self.ledger = ledger
        self.payments = payments
        self.rates = rates
    }

    /// The ledger.
    /// - Throws: a 404 problem if exports cost no credits.
    func required() throws(Problem) -> CreditLedger {
        guard let ledger else {
            throw Problem(
                status: 404, title: "Not found",
                detail: "This deployment has no credits: SPOOL_PLANS is not set.",
                error: "Credits are not enabled")
        }
        return ledger
    }
}
