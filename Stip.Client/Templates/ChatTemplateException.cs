namespace Stip.Client.Templates;

/// <summary>A chat template that cannot be read or does not accept these messages; the message is one line.</summary>
public sealed class ChatTemplateException : Exception
{
    /// <summary>A refusal without a reason.</summary>
    public ChatTemplateException()
        : base("the chat template cannot be rendered")
    {
    }

    /// <summary>A refusal.</summary>
    /// <param name="message">One line: the template's own words where it refused by itself.</param>
    public ChatTemplateException(string message)
        : base(message)
    {
    }

    /// <summary>A refusal with its cause.</summary>
    /// <param name="message">One line.</param>
    /// <param name="innerException">What led to it.</param>
    public ChatTemplateException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
