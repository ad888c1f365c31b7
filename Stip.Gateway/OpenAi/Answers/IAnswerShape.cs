using Stip.Gateway.OpenAi.Steps;

namespace Stip.Gateway.OpenAi.Answers;

/// <summary>How an answer is written: as a chat completion or as a text completion, whole or in chunks.</summary>
internal interface IAnswerShape
{
    /// <summary>Chunks that come before the first text of a choice.</summary>
    IEnumerable<object> Start(int index);

    object Text(AnswerPart part);

    /// <summary>Chunks of the calls that are complete with a token.</summary>
    IEnumerable<object> Calls(AnswerPart part);

    /// <summary>The chunk that ends a choice.</summary>
    object End(AnswerPart last);

    object Usage(AnswerUsage usage);

    /// <summary>A chunk without choices that tells of a request to the server.</summary>
    object Step(StepView step);

    object Whole(IReadOnlyList<AnswerChoice> choices, AnswerUsage usage);
}
