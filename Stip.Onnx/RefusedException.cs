namespace Stip.Onnx;

/// <summary>An input that is refused: the message is the one line that the user sees, with the value and the allowed range.</summary>
public sealed class RefusedException : Exception
{
    /// <summary>Refuses without a reason given.</summary>
    public RefusedException()
    {
    }

    /// <summary>Refuses with one clear line.</summary>
    public RefusedException(string message)
        : base(message)
    {
    }

    /// <summary>Refuses with one clear line and what caused it.</summary>
    public RefusedException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
