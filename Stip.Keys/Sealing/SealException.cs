namespace Stip.Keys.Sealing;

/// <summary>A sealed bundle that cannot be made or opened. The message is one line.</summary>
public sealed class SealException : Exception
{
    /// <summary>Refuses a file, a passphrase or a key.</summary>
    public SealException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }
}
