namespace Stip.Export.Tests.Commands;

/// <summary>Commands of the contract that are not there yet.</summary>
public sealed class LaterCommandTests
{
    [Fact]
    public void Audit_OfALaterIssue_SaysSo()
    {
        var (exitCode, _, error) = CommandLine.Run("audit", "--plain", "a", "--protected", "b", "--output", "c");

        Assert.Equal((1, "'audit' is not there yet"), (exitCode, error.Trim()));
    }

    [Fact]
    public void Audit_Help_NamesNothingThatItDoesNotTake()
    {
        var (exitCode, output, _) = CommandLine.Run("audit", "--help");

        Assert.Equal(0, exitCode);
        Assert.Contains("stip-export audit [options]\n", output.ReplaceLineEndings("\n"), StringComparison.Ordinal);
        Assert.DoesNotContain("rguments", output, StringComparison.Ordinal);
    }
}
