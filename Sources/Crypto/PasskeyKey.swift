import CFido

/// The public key of a passkey (WebAuthn), read and verified by libfido2.
package struct PasskeyKey: Hashable, Sendable {
    /// COSE's number of the algorithm: -7 (ES256), -8 (EdDSA) or -257 (RS256).
    package var algorithm: Int
    /// The key in libfido2's form.
    package var bytes: [UInt8]

    /// A stored key.
    package init(algorithm: Int, bytes: [UInt8]) {
        self.algorithm = algorithm
        self.bytes = bytes
    }

    /// The credential of an authenticator's data at its registration.
    /// - Returns: its ID and key; nil for data without one.
    package static func credential(
        ofAuthenticatorData data: [UInt8]
    ) -> (id: [UInt8], key: PasskeyKey)? {
        var id = [UInt8](repeating: 0, count: Int(SPOOL_FIDO_ID_MAX))
        var key = [UInt8](repeating: 0, count: Int(SPOOL_FIDO_KEY_MAX))
        var (idCount, keyCount, algorithm) = (0, 0, Int32(0))
        guard
            spool_fido_credential(
                data, data.count, &algorithm, &id, &idCount, &key, &keyCount) == 1
        else { return nil }
        return (
            Array(id.prefix(idCount)),
            PasskeyKey(algorithm: Int(algorithm), bytes: Array(key.prefix(keyCount)))
        )
    }

    /// True if the signature of a sign-in is the key's, for this relying party, by a person who
    /// was present and verified.
    package func verifies(
        _ signature: [UInt8], clientData: [UInt8], authenticatorData: [UInt8],
        relyingParty: String
    ) -> Bool {
        spool_fido_verify(
            relyingParty, clientData, clientData.count, authenticatorData,
            authenticatorData.count, signature, signature.count, Int32(clamping: algorithm), bytes,
            bytes.count) == 1
    }
}
