namespace Stip.Gateway.Terminal;

/// <summary>An input that is refused. The message is one line that names the value and what is allowed.</summary>
internal sealed class RefusedException(string message, Exception? innerException = null)
    : Exception(message, innerException);
