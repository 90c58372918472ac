namespace Mdm.Data;

/// <summary>The kinds of files that rows of prompts and answers are read from.</summary>
internal enum RowFormat
{
    /// <summary>JSON lines, or a .csv or .tsv file, with a field for the prompt and one for the answer.</summary>
    Fields,

    /// <summary>Conversations of ShareGPT.</summary>
    ShareGpt,

    /// <summary>GSM8K's questions, with the reasoning as a part of the prompt.</summary>
    Gsm8k,

    /// <summary>The reversal curse's documents.</summary>
    Reversal,
}
